// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/audit.h"

#include <map>
#include <set>
#include <string>

namespace msp::chaos {
namespace {

using About = ReportedResult::About;

// The ledger by what calls carried along.
struct LedgerIndex {
  explicit LedgerIndex(const Json& snapshot);

  std::map<std::string, std::vector<const Json*>> payments_by_id;
  std::map<std::string, std::vector<const Json*>> payments_by_tag;
  std::map<std::string, std::vector<const Json*>> refunds_by_tag;
  std::map<std::string, std::vector<std::int64_t>> captures_by_tag;  // Amounts.
};

// What the dashboard's own refunds and captures carry.
constexpr char kOthersRefunds[] = "";
constexpr char kOthersCaptures[] = "dashboard";

enum Kind { kPayment, kCapture, kRefund, kChargeback };

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t Money(const Json& order, const char* name) {
  return order.at("money").value(name, std::int64_t{0});
}

bool Charged(const Json& order) { return Money(order, "authorized") > 0; }

bool Dead(const Json& order) {
  const std::string status = Text(order, "status");
  return status == "declined" || status == "cancelled" || status == "expired" || status == "void";
}

LedgerIndex::LedgerIndex(const Json& snapshot) {
  for (const Json& order : snapshot.at("orders")) {
    const Json& extras = order.at("extras");
    switch (order.at("kind").get<int>()) {
      case kPayment:
        payments_by_id[Text(order, "order_id")].push_back(&order);
        payments_by_tag[Text(extras, "var2")].push_back(&order);
        for (const Json& related : order.at("related")) {
          if (Text(related, "type") == "capture")
            captures_by_tag[Text(related, "description")].push_back(
                related.at("amount").get<std::int64_t>());
        }
        break;
      case kRefund:
        refunds_by_tag[Text(extras, "var1")].push_back(&order);
        break;
      default:
        break;
    }
  }
}

class Auditor {
 public:
  Auditor(const RuleSet& rules, const LedgerIndex& ledger, Tally& tally)
      : rules_(rules), ledger_(ledger), tally_(tally) {}

  void CheckLedger();
  void Check(const ReportedResult& result);

 private:
  void CheckPayment(const ReportedResult& s);
  void CheckRefund(const ReportedResult& s);
  void CheckCapture(const ReportedResult& s);
  void CheckEnd(const ReportedResult& s);
  bool Knowable(const ReportedResult& s) const;
  // What is left of one sum of the order's payments after others.
  std::int64_t Left(const std::string& order_id, const char* of,
                    std::initializer_list<const char*> taken) const;
  std::int64_t LeftToRefund(const std::string& order_id) const {
    return Left(order_id, "captured_here", {"refunded", "refund_reserved"});
  }
  std::int64_t LeftToCapture(const std::string& order_id) const {
    return Left(order_id, "authorized", {"captured_here", "captured_in_parts"});
  }
  void Fail(const ReportedResult& s, const std::string& what, Finding finding = Finding::kUntrue) {
    tally_.Violation(finding, s.order_id + " (" + s.tag + "): " + what +
                                  (s.reason.empty() ? "" : " [" + s.reason + "]"));
  }

  const RuleSet& rules_;
  const LedgerIndex& ledger_;
  Tally& tally_;
};

void Auditor::CheckLedger() {
  for (const auto& [order_id, payments] : ledger_.payments_by_id) {
    int charges = 0;
    for (const Json* payment : payments) {
      charges += Charged(*payment) ? 1 : 0;
      const std::int64_t held = Money(*payment, "captured_here") +
                                Money(*payment, "captured_in_parts") + Money(*payment, "voided");
      if (held > Money(*payment, "authorized") ||
          Money(*payment, "refunded") + Money(*payment, "refund_reserved") >
              Money(*payment, "captured_here"))
        tally_.Violation(Finding::kOther, order_id + ": the ledger does not add up");
    }
    if (charges > 1)
      tally_.Violation(Finding::kTwice,
                       order_id + ": charged " + std::to_string(charges) + " times");
    tally_.Count("charges in the ledger", charges);
  }
  for (const auto& [tag, refunds] : ledger_.refunds_by_tag) {
    tally_.Count("refunds in the ledger", static_cast<std::int64_t>(refunds.size()));
    if (refunds.size() > 1 && tag != kOthersRefunds)
      tally_.Violation(Finding::kTwice,
                       tag + ": refunded " + std::to_string(refunds.size()) + " times");
  }
  for (const auto& [tag, captures] : ledger_.captures_by_tag) {
    tally_.Count("captures in the ledger", static_cast<std::int64_t>(captures.size()));
    if (captures.size() > 1 && tag != kOthersCaptures)
      tally_.Violation(Finding::kTwice,
                       tag + ": captured " + std::to_string(captures.size()) + " times");
  }
}

void Auditor::CheckPayment(const ReportedResult& s) {
  const auto found = ledger_.payments_by_tag.find(s.tag);
  const Json* charged = nullptr;
  bool alive = false;
  if (found != ledger_.payments_by_tag.end()) {
    for (const Json* payment : found->second) {
      if (Charged(*payment)) charged = payment;
      alive = alive || !Dead(*payment);
    }
  }
  if (!s.done) {
    if (charged != nullptr || alive)
      Fail(s, "REJECTED says that there is no payment, but there is one");
    return;
  }
  if (found == ledger_.payments_by_tag.end())
    return Fail(s, "reported " + s.state + ", but the ledger has no such order");
  if (s.state == "PAID" || s.state == "AUTHORIZED") {
    if (charged == nullptr) return Fail(s, "reported " + s.state + ", but nothing was charged");
    if (charged->at("amount").get<std::int64_t>() != s.amount)
      Fail(s, "another amount was charged");
    if (!s.transaction_id.empty() &&
        s.transaction_id != std::to_string(charged->at("transaction_id").get<std::int64_t>()))
      Fail(s, "reported transaction " + s.transaction_id + ", another was charged");
  } else if (s.state == "DECLINED") {
    if (charged != nullptr) Fail(s, "reported DECLINED, but charged");
  } else if (s.state == "REQUIRES_ACTION") {
  } else {
    Fail(s, "reported a state that no plan leads to: " + s.state);
  }
}

std::int64_t Auditor::Left(const std::string& order_id, const char* of,
                           std::initializer_list<const char*> taken) const {
  const auto found = ledger_.payments_by_id.find(order_id);
  std::int64_t left = 0;
  if (found == ledger_.payments_by_id.end()) return left;
  for (const Json* payment : found->second) {
    left += Money(*payment, of);
    for (const char* part : taken) left -= Money(*payment, part);
  }
  return left;
}

void Auditor::CheckRefund(const ReportedResult& s) {
  const auto found = ledger_.refunds_by_tag.find(s.tag);
  const bool there = found != ledger_.refunds_by_tag.end();
  if (s.done && !there) return Fail(s, "reported a refund that the ledger does not have");
  if (!s.done && there) return Fail(s, "REJECTED says that nothing was refunded, but it was");
  if (!there && s.reason == "NOTHING_LEFT" && LeftToRefund(s.order_id) > 0)
    return Fail(s, "NOTHING_LEFT says that nothing is left to refund, but there is");
  if (!there) return;
  const Json& refund = *found->second.front();
  if (s.amount != 0 && refund.at("amount").get<std::int64_t>() != s.amount)
    Fail(s, "another amount was refunded");
  if (!s.transaction_id.empty() &&
      s.transaction_id != std::to_string(refund.at("transaction_id").get<std::int64_t>()))
    Fail(s, "reported refund " + s.transaction_id + ", which is another's");
}

void Auditor::CheckCapture(const ReportedResult& s) {
  const auto found = ledger_.captures_by_tag.find(s.tag);
  const bool there = found != ledger_.captures_by_tag.end();
  // Others had captured the whole, which is what was asked for.
  if (s.done && !there && s.reason == "ALREADY_CAPTURED" && LeftToCapture(s.order_id) == 0) return;
  if (s.done != there)
    return Fail(s, there ? "REJECTED says that nothing was captured, but it was"
                         : "reported a capture that the ledger does not have");
  if (there && s.amount != 0 && found->second.front() != s.amount)
    Fail(s, "another amount was captured");
}

// Voids and cancellations end the payment.
void Auditor::CheckEnd(const ReportedResult& s) {
  const auto found = ledger_.payments_by_id.find(s.order_id);
  const Json* payment = nullptr;
  if (found != ledger_.payments_by_id.end()) {
    for (const Json* one : found->second) {
      if (s.tag.empty() || Text(one->at("extras"), "var2") == s.tag) payment = one;
    }
  }
  if (payment == nullptr)
    return Fail(s, "reported the end of a payment that the ledger does not have");
  const bool dead = Dead(*payment);
  if (s.done && !dead) Fail(s, "reported void or cancelled, but it is " + Text(*payment, "status"));
  const bool by_others = Text(*payment, "reason") == "dashboard";
  if (!s.done && dead && !by_others)
    Fail(s, "REJECTED says that it is not void or cancelled, but it is");
}

// Whether MultiSafepay's record shows the outcome of the call.
bool Auditor::Knowable(const ReportedResult& s) const {
  switch (s.about) {
    case About::kPayment:
      return rules_.name.empty() ||
             (rules_.ShowsPayments() && ledger_.payments_by_tag.contains(s.tag));
    case About::kRefund:
      return rules_.ShowsRefunds() && ledger_.refunds_by_tag.contains(s.tag);
    case About::kCapture:
      return ledger_.captures_by_tag.contains(s.tag);
    default:
      return true;
  }
}

void Auditor::Check(const ReportedResult& s) {
  tally_.Count("statements checked");
  if (!s.certain && !Knowable(s)) return tally_.Count("indeterminate to the end, and not knowable");
  if (!s.certain)
    return Fail(s, "no certain answer by the caller's rule: " + s.message, Finding::kUnknown);
  switch (s.about) {
    case About::kPayment:
      return CheckPayment(s);
    case About::kRefund:
      return CheckRefund(s);
    case About::kCapture:
      return CheckCapture(s);
    case About::kVoid:
    case About::kCancel:
      return CheckEnd(s);
  }
}

}  // namespace

void Audit(const RuleSet& rules, const Json& snapshot, const std::vector<OrderHistory>& histories,
           Tally& tally) {
  const LedgerIndex ledger(snapshot);
  Auditor auditor(rules, ledger, tally);
  auditor.CheckLedger();
  for (const OrderHistory& history : histories) {
    for (const ReportedResult& result : history.results) auditor.Check(result);
  }
}

}  // namespace msp::chaos
