// RefundOrder and CancelRefund. A refund is recognized by its own id (refund_order_id) in the
// order's related transactions.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/psp/interpret.h"
#include "service/psp/protocol.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

bool Is(std::string_view value, std::string_view name) {
  return absl::EqualsIgnoreCase({value.data(), value.size()}, {name.data(), name.size()});
}

v1::RefundOrderRequest& RefundOf(MoneyFacts& facts) {
  return static_cast<v1::RefundOrderRequest&>(*facts.request);
}

bool IsRefund(const v1::RelatedTransaction& related) {
  // Older answers leave the type out; a refund's own id tells it all the same.
  return Is(related.type(), "refund") ||
         (related.type().empty() && !related.refund_order_id().empty());
}

bool IsUndone(const v1::RelatedTransaction& related) {
  return Is(related.status(), "void") || Is(related.status(), "cancelled") ||
         Is(related.status(), "declined");
}

// What is left to refund, or the member that does not tell. `amount_refunded` counts a refund when
// it is made or when it is processed, which is not documented: the larger of it and the sum of the
// refunds that stand is taken off, so that never too much is sent.
struct Remainder {
  std::int64_t amount = 0;
  std::string_view unreadable;  // "" when all could be read.
};

Remainder RemainderOf(const MoneyFacts& facts, const v1::Order& order) {
  if (!order.has_amount()) return {.unreadable = "amount"};
  if (CannotRead(facts, "amount_refunded")) return {.unreadable = "amount_refunded"};
  std::int64_t standing = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!IsRefund(related) || IsUndone(related)) continue;
    if (!related.has_amount()) return {.unreadable = "related_transactions.amount"};
    standing += std::abs(related.amount());
  }
  return {.amount = order.amount() - std::max(order.amount_refunded(), standing)};
}

// A refund whose own id the order does not show, of the amount that is asked for.
bool HidesItsId(const v1::RelatedTransaction& related, const v1::RefundOrderRequest& request) {
  if (!IsRefund(related) && !related.type().empty()) return false;
  if (!related.refund_order_id().empty() || related.transaction_id().empty()) return false;
  // The id of a refund that was given none is the order's.
  if (!related.order_id().empty() && !SameOrderId(request.order_id(), related.order_id()))
    return false;
  return !request.has_amount() || !related.has_amount() ||
         std::abs(related.amount()) == request.amount();
}

// What reading such a refund by itself told: its id, or "" where that did not tell.
std::string_view ReadId(const MoneyFacts& facts, const v1::RelatedTransaction& related) {
  const auto read = facts.read.find(related.transaction_id());
  if (read == facts.read.end() ||
      SameOrderId(OrderIdOf(*facts.operation, *facts.request), read->second))
    return {};
  return read->second;
}

std::string Unread(const MoneyFacts& facts, const v1::Order& order) {
  const auto& request = static_cast<const v1::RefundOrderRequest&>(*facts.request);
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!HidesItsId(related, request)) continue;
    // Whether there is one under our id is asked first. The others are read too unless it is there:
    // money is sent only when both say that this refund is not among them.
    if (facts.read.count(facts.own_id) == 0) return facts.own_id;
    if (facts.own_transaction_id.empty() && facts.read.count(related.transaction_id()) == 0)
      return related.transaction_id();
  }
  return {};
}

const v1::RelatedTransaction* FindRefund(const MoneyFacts& facts, const v1::Order& order,
                                         const v1::RefundOrderRequest& request) {
  const std::string& id = request.refund_order_id();
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (HidesItsId(related, request) && (related.transaction_id() == facts.own_transaction_id ||
                                         SameOrderId(id, ReadId(facts, related))))
      return &related;
    if (!IsRefund(related)) continue;
    if (SameOrderId(id, related.refund_order_id()) || SameOrderId(id, related.order_id()))
      return &related;
  }
  return nullptr;
}

// The refunds that may be this one as far as anybody can tell.
std::vector<const v1::RelatedTransaction*> Candidates(const MoneyFacts& facts,
                                                      const v1::Order& order,
                                                      const v1::RefundOrderRequest& request) {
  std::vector<const v1::RelatedTransaction*> found;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (HidesItsId(related, request) && ReadId(facts, related).empty()) found.push_back(&related);
  }
  return found;
}

// More of them than one call reads by themselves leave the last ones unread.
bool IsUnread(const MoneyFacts& facts, const v1::RelatedTransaction* related) {
  return facts.read.count(related->transaction_id()) == 0;
}

// In a flight of its own: the one candidate that was not there before.
const v1::RelatedTransaction* FindNewRefund(
    const MoneyFacts& facts, const std::vector<const v1::RelatedTransaction*>& candidates) {
  const v1::RelatedTransaction* found = nullptr;
  for (const v1::RelatedTransaction* related : candidates) {
    if (facts.known.count(related->transaction_id()) > 0) continue;
    if (found != nullptr) return nullptr;  // Two of them: neither can be told to be ours.
    found = related;
  }
  return found;
}

void Identify(MoneyFacts& facts) {
  v1::RefundOrderRequest& request = RefundOf(facts);
  if (request.refund_order_id().empty()) {
    request.set_refund_order_id(DerivedId("refund-", request.order_id(), facts.key, *facts.site));
  } else {
    facts.keyed = true;
  }
  facts.own_id = request.refund_order_id();
}

Verdict Found(MoneyFacts& facts, const v1::RelatedTransaction& related, Moment moment) {
  const v1::RefundOrderRequest& request = RefundOf(facts);
  if (moment != Moment::kAfterDoubt && !facts.keyed) {
    if (facts.tried_before)
      return Undecided(
          "an equal refund exists: this call's own, or an older one; without an "
          "idempotency key of the caller's that cannot be told");
    return {Verdict::Kind::kRefused,
            AlreadyExists("EQUAL_REFUND_EXISTS",
                          "an equal refund exists; give each of several equal refunds an "
                          "idempotency key or refund_order_id of its own")};
  }
  if (request.has_amount() && related.has_amount() &&
      std::abs(related.amount()) != request.amount()) {
    return {Verdict::Kind::kRefused,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the refund_order_id or key was used on this order for another amount")};
  }
  v1::Refund& refund = *static_cast<v1::RefundOrderResponse&>(*facts.response).mutable_refund();
  refund.set_refund_id(related.transaction_id());
  refund.set_psp_refund_id(related.transaction_id());
  refund.set_refund_order_id(request.refund_order_id());
  refund.set_amount(std::abs(related.amount()));
  refund.set_currency(related.currency().empty() ? request.currency() : related.currency());
  return {Verdict::Kind::kDone, {}};
}

Verdict Judge(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr)
    return moment == Moment::kAfterDoubt ? Verdict{} : Verdict{Verdict::Kind::kNotDone, {}};
  const v1::RefundOrderRequest& request = RefundOf(facts);
  if (const auto* related = FindRefund(facts, *order, request))
    return Found(facts, *related, moment);
  if (!facts.own_transaction_id.empty())
    return Undecided("there is a refund under this id that the order does not name");
  const auto candidates = Candidates(facts, *order, request);
  if (moment == Moment::kAfterDoubt) {
    if (const auto* related = FindNewRefund(facts, candidates))
      return Found(facts, *related, moment);
  } else if (!candidates.empty() && (facts.tried_before || IsUnread(facts, candidates.back()))) {
    return Undecided("a refund of this amount exists, and nothing in it tells whose it is");
  }
  return {Verdict::Kind::kNotDone, {}};
}

bool IsCard(const v1::Order& order) {
  constexpr std::array<std::string_view, 4> kCards{"VISA", "MASTERCARD", "AMEX", "MAESTRO"};
  return std::any_of(kCards.begin(), kCards.end(), [&](std::string_view card) {
    return Is(order.payment_details().type(), card);
  });
}

// Why it is too early for this refund: MultiSafepay refuses a second one of the same amount for
// five minutes, under the same code as a refund that can never be made.
std::optional<Failure> TooEarly(const MoneyFacts& facts, const v1::Order& order,
                                std::int64_t amount) {
  if (facts.refund_pause_s == 0) return std::nullopt;
  const std::int64_t now_s = std::time(nullptr);
  std::int64_t wait_s = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!IsRefund(related) || IsUndone(related) || std::abs(related.amount()) != amount) continue;
    const auto created = AmsterdamSeconds(related.created());
    if (created && *created <= now_s)
      wait_s = std::max(wait_s, *created + facts.refund_pause_s - now_s);
  }
  if (wait_s <= 0) return std::nullopt;
  return Failure{
      .code = absl::StatusCode::kResourceExhausted,
      .message = absl::StrCat("an equal refund was made less than ", facts.refund_pause_s,
                              " s ago, and MultiSafepay would "
                              "refuse this one; nothing was sent"),
      .reason = "REFUND_TOO_SOON",
      .outcome = v1::OUTCOME_NOT_SENT,
      .retry_after_ms = wait_s * 1'000};
}

std::optional<Failure> Prepare(MoneyFacts& facts, const v1::Order& order) {
  v1::RefundOrderRequest& request = RefundOf(facts);
  for (const v1::RelatedTransaction& related : order.related_transactions())
    facts.known.insert(related.transaction_id());
  facts.order_transaction_id = order.transaction_id();
  if (request.currency().empty()) {
    if (order.currency().empty()) return UnreadableMoney("currency");
    request.set_currency(order.currency());
  } else if (!order.currency().empty() && !Is(request.currency(), order.currency())) {
    return InvalidField("currency", absl::StrCat("must be the order's own, ", order.currency()));
  }
  // Pay-later orders are refunded by their items; a card order would be refunded whole.
  if (request.refund_case() == v1::RefundOrderRequest::REFUND_NOT_SET && IsCard(order)) {
    return InvalidField("refund",
                        "needs an amount of at least 1, or full: the order was paid by card");
  }
  if (request.has_full()) {
    const Remainder left = RemainderOf(facts, order);
    if (!left.unreadable.empty()) return UnreadableMoney(left.unreadable);
    if (left.amount <= 0)
      return Precondition("NOTHING_LEFT", "nothing is left of the order to refund");
    request.set_amount(left.amount);
  }
  return TooEarly(facts, order, request.amount());
}

// Every refusal of a keyed call may be an earlier attempt's doing: 1034 has four causes and one of
// them is this.
bool ExplainsRefusal(const MoneyFacts& facts, int /*error_code*/) { return facts.keyed; }

// The payment that an answer names beside the refund is the order's own, and the refund is none
// that was there before.
bool NamesAnother(const MoneyFacts& facts) {
  const auto& refund = static_cast<const v1::RefundOrderResponse&>(*facts.response).refund();
  if (!refund.has_refund_id())
    return facts.known.count(refund.transaction_id()) > 0 ||
           refund.transaction_id() == facts.order_transaction_id;
  const bool other_payment = refund.has_transaction_id() && !facts.order_transaction_id.empty() &&
                             refund.transaction_id() != facts.order_transaction_id &&
                             facts.known.count(refund.transaction_id()) == 0;
  return other_payment || facts.known.count(refund.refund_id()) > 0;
}

void Complete(MoneyFacts& facts) {
  const v1::RefundOrderRequest& request = RefundOf(facts);
  v1::Refund& refund = *static_cast<v1::RefundOrderResponse&>(*facts.response).mutable_refund();
  refund.set_psp_refund_id(refund.has_refund_id() ? refund.refund_id() : refund.transaction_id());
  refund.set_refund_order_id(request.refund_order_id());
  refund.set_amount(request.amount());
  refund.set_currency(request.currency());
}

Verdict JudgeCancelRefund(MoneyFacts& facts, const v1::Order* order, Moment /*moment*/) {
  if (order == nullptr) return {};
  const auto& request = static_cast<const v1::CancelRefundRequest&>(*facts.request);
  for (const v1::RelatedTransaction& related : order->related_transactions()) {
    if (related.transaction_id() != request.refund_id()) continue;
    if (Is(related.status(), "void") || Is(related.status(), "cancelled")) {
      auto& cancellation =
          *static_cast<v1::CancelRefundResponse&>(*facts.response).mutable_refund_cancellation();
      cancellation.set_order_id(request.order_id());
      cancellation.set_transaction_id(related.transaction_id());
      return {Verdict::Kind::kDone, {}};
    }
    if (Is(related.status(), "completed")) {
      return {Verdict::Kind::kRefused,
              Precondition("REFUND_COMPLETED",
                           "the refund has been processed and cannot be cancelled")};
    }
    return {Verdict::Kind::kNotDone, {}};
  }
  return {};
}

bool AlwaysExplains(const MoneyFacts& /*facts*/, int /*error_code*/) { return true; }

}  // namespace

const Protocol kRefundProtocol{.looks_first = true,
                               .identify = Identify,
                               .explains_refusal = ExplainsRefusal,
                               .prepare = Prepare,
                               .judge = Judge,
                               .unread = Unread,
                               .names_another = NamesAnother,
                               .complete = Complete};

const Protocol kCancelRefundProtocol{.explains_refusal = AlwaysExplains,
                                     .judge = JudgeCancelRefund};

}  // namespace msp::psp
