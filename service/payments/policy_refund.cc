// SPDX-License-Identifier: Apache-2.0

// RefundOrder and CancelRefund. A refund is recognized by its own id (refund_order_id) in the
// order's related transactions.
#include <algorithm>
#include <ctime>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/payments/method_states.h"
#include "service/payments/policy.h"
#include "service/payments/refund_record.h"
#include "service/payments/state.h"
#include "service/payments/upstream_time.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::string_view kIdPrefix = "refund-";
constexpr int kCannotRefund = 1034;

v1::RefundOrderRequest& RefundOf(PaymentFacts& facts) {
  return static_cast<v1::RefundOrderRequest&>(*facts.request);
}

// True unless the refund is of another amount than requested.
bool MayBeOf(const v1::RefundOrderRequest& request, const v1::RelatedTransaction& related) {
  const auto amount = SizeOf(related);
  return !request.has_amount() || !amount || *amount == request.amount();
}

// True for a (possible) refund of the requested amount that does not show its own id.
bool HidesItsId(const v1::RelatedTransaction& related, const v1::Order& order,
                const v1::RefundOrderRequest& request) {
  if (!IsRefund(related) && !related.type().empty()) return false;
  if (!OwnIdOf(related, order).id.empty() || related.transaction_id().empty()) return false;
  return MayBeOf(request, related);
}

// The id that a read of such a refund showed; "" for none.
std::string_view ReadId(const PaymentFacts& facts, const v1::RelatedTransaction& related,
                        const v1::Order& order) {
  const auto read = facts.read.find(related.transaction_id());
  if (read == facts.read.end() || read->second == order.order_id()) return {};
  return read->second;
}

// Without a caller's key an undone refund under this call's id is none of its own: there may be
// another one.
bool OwnIsUndone(const PaymentFacts& facts, const v1::Order& order) {
  return std::any_of(order.related_transactions().begin(), order.related_transactions().end(),
                     [&](const v1::RelatedTransaction& related) {
                       return related.transaction_id() == facts.own_transaction_id &&
                              IsUndone(related);
                     });
}

std::string Unread(const PaymentFacts& facts, const v1::Order& order) {
  const auto& request = static_cast<const v1::RefundOrderRequest&>(*facts.request);
  if (!facts.own_transaction_id.empty() && (facts.keyed || !OwnIsUndone(facts, order))) return {};
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!HidesItsId(related, order, request) || facts.read.count(related.transaction_id()) > 0)
      continue;
    // The call's own ids are read first, then the others unless an own id exists. Money is sent
    // only when both reads show that this refund is not among them.
    if (facts.own_ids_read < facts.own_ids.size() &&
        facts.own_ids[facts.own_ids_read] != order.order_id())
      return facts.own_ids[facts.own_ids_read];
    return related.transaction_id();
  }
  return {};
}

bool IsOurs(const PaymentFacts& facts, const v1::RelatedTransaction& related,
            const v1::Order& order, const v1::RefundOrderRequest& request) {
  OwnId own = OwnIdOf(related, order);
  if (HidesItsId(related, order, request)) {
    if (!facts.own_transaction_id.empty() && related.transaction_id() == facts.own_transaction_id)
      return true;
    own.id = ReadId(facts, related, order);
  } else if (!IsRefund(related)) {
    return false;
  }
  return !own.id.empty() &&
         std::any_of(facts.own_ids.begin(), facts.own_ids.end(),
                     [&](const std::string& id) { return IsSameId(facts, id, own.id, own.field); });
}

// True for a refund that may be this call's; nothing rules it out.
bool IsCandidate(const PaymentFacts& facts, const v1::RelatedTransaction& related,
                 const v1::Order& order, const v1::RefundOrderRequest& request) {
  if (IsUndone(related)) return false;
  if (HidesItsId(related, order, request)) return ReadId(facts, related, order).empty();
  // The key of an earlier attempt may have been derived differently: by another release or API key.
  const bool derived = !facts.keyed && facts.claims_repeat;
  return derived && IsRefund(related) && IsDerivedId(kIdPrefix, OwnIdOf(related, order).id) &&
         request.has_amount() && SizeOf(related) == request.amount();
}

void Identify(PaymentFacts& facts) {
  v1::RefundOrderRequest& request = RefundOf(facts);
  facts.wants_all = request.has_full();
  facts.id_is_derived = request.refund_order_id().empty();
  if (facts.id_is_derived) {
    request.set_refund_order_id(DerivedId(kIdPrefix, request.order_id(), facts.keys.key));
  } else {
    facts.keyed = true;
  }
  facts.own_ids = {request.refund_order_id()};
  if (!facts.keys.previous.empty())
    facts.own_ids.push_back(DerivedId(kIdPrefix, request.order_id(), facts.keys.previous));
}

void ClearIdentity(PaymentFacts& facts) {
  if (facts.id_is_derived) RefundOf(facts).clear_refund_order_id();
}

Found Ours(PaymentFacts& facts, const v1::RelatedTransaction& related, const v1::Order& order,
           Phase phase) {
  const v1::RefundOrderRequest& request = RefundOf(facts);
  if (phase != Phase::kIndeterminate && !facts.keyed && !facts.claims_repeat)
    return {Finding::kEqualExists,
            AlreadyExists("EQUAL_REFUND_EXISTS",
                          "an equal refund exists; give each of several equal refunds an "
                          "idempotency key or refund_order_id of its own")};
  // A full refund that this call has not sent was of what was left then. A derived key is only of
  // full refunds.
  const bool all_then = facts.wants_all && phase != Phase::kIndeterminate;
  if (all_then ? facts.keyed && !MayHaveBeenAll(related, order) : !MayBeOf(request, related)) {
    return {Finding::kOursOtherMoney,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the refund_order_id or key was used on this order for another amount")};
  }
  v1::Refund& refund = *static_cast<v1::RefundOrderResponse&>(*facts.response).mutable_refund();
  refund.set_refund_id(related.transaction_id());
  refund.set_psp_refund_id(related.transaction_id());
  refund.set_refund_order_id(request.refund_order_id());
  if (const auto amount = SizeOf(related)) refund.set_amount(*amount);
  refund.set_currency(related.currency().empty() ? request.currency() : related.currency());
  return {Finding::kOurs, {}};
}

// True when the order shows why MultiSafepay refuses the refund (1034), so that no earlier attempt
// has to be the reason: less is left than requested, or another refund of the amount exists. False
// for a full refund, whose earlier attempt was of another amount.
bool ExplainsItself(const PaymentFacts& facts, const v1::Order& order) {
  const auto& request = static_cast<const v1::RefundOrderRequest&>(*facts.request);
  if (facts.refusal.error_code != kCannotRefund || !request.has_amount() || facts.wants_all)
    return false;
  const Remainder left = RemainderOf(facts, order);
  if (left.unreadable.empty() && left.amount < request.amount()) return true;
  return std::any_of(order.related_transactions().begin(), order.related_transactions().end(),
                     [&](const v1::RelatedTransaction& related) {
                       return IsRefund(related) && !IsUndone(related) &&
                              SizeOf(related) == request.amount() &&
                              !OwnIdOf(related, order).id.empty();
                     });
}

// True where an undone refund under this call's id is an earlier call's: it was there before this
// call was sent, or the caller gave no key, so that equal calls have the same id one after the
// other.
bool IsOfAnEarlierCall(const PaymentFacts& facts, const v1::RelatedTransaction& undone,
                       Phase phase) {
  if (phase == Phase::kBefore) return !facts.keyed;
  return phase != Phase::kRepeat && facts.known.count(undone.transaction_id()) > 0;
}

Found Undone(const PaymentFacts& facts, Phase phase) {
  if (phase == Phase::kRepeat && !facts.keyed)
    return OwnerIndeterminate(
        "an equal refund was declined or voided, and without an idempotency key nothing shows "
        "whether another one was sent after it");
  return {Finding::kUndone,
          Precondition("REFUND_UNDONE",
                       "the refund was made, and then declined or voided: no money is on its way; "
                       "a new refund needs a new idempotency key or refund_order_id")};
}

Found Read(PaymentFacts& facts, const v1::Order* order, Phase phase) {
  if (order == nullptr) return {Finding::kOrderUnknown, {}};
  const v1::RefundOrderRequest& request = RefundOf(facts);
  bool candidate = false;
  bool unread = false;
  bool undone = false;
  bool names_own = false;
  for (const v1::RelatedTransaction& related : order->related_transactions()) {
    if (IsOurs(facts, related, *order, request)) {
      if (!IsUndone(related)) return Ours(facts, related, *order, phase);
      names_own = true;
      undone = undone || !IsOfAnEarlierCall(facts, related, phase);
    }
    if (!IsCandidate(facts, related, *order, request)) continue;
    candidate = true;
    // Beyond the number that one call reads one by one, the last refunds stay unread.
    unread = unread || (HidesItsId(related, *order, request) &&
                        facts.read.count(related.transaction_id()) == 0);
  }
  if (!facts.own_transaction_id.empty() && !names_own)
    return OwnerIndeterminate("a refund with this id exists that the order does not list");
  // A key belongs to one refund, so no other one can be this call's.
  if (undone && facts.keyed) return Undone(facts, phase);
  // None of the refunds that existed before this call was sent is its own.
  const bool may_be_ours =
      phase == Phase::kIndeterminate || facts.repeats() || facts.may_miss_equal || unread;
  if (candidate && may_be_ours)
    return OwnerIndeterminate(
        "a refund of this amount exists, and nothing in it shows which attempt made it");
  if (undone) return Undone(facts, phase);
  if (phase == Phase::kRefused && ExplainsItself(facts, *order)) return {Finding::kImpossible, {}};
  // The order exists, so 1006 is about the refund's own id: it is in use.
  if (phase == Phase::kRefused && facts.refusal.error_code == kInvalidId)
    return OwnerIndeterminate(
        "MultiSafepay says that the id is in use and does not show the refund");
  return {Finding::kNothing, {}};
}

// The failure where it is too early for this refund: MultiSafepay refuses a second refund of the
// same amount for five minutes, with the same code as a refund that can never be made.
std::optional<Failure> TooEarly(const PaymentFacts& facts, const v1::Order& order,
                                std::int64_t amount) {
  if (facts.refund_pause_s == 0) return std::nullopt;
  const std::int64_t now_s = std::time(nullptr);
  std::int64_t wait_s = 0;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    if (!IsRefund(related) || IsUndone(related) || SizeOf(related) != amount) continue;
    const auto created = UpstreamTimeSeconds(related.created());
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

std::optional<Failure> Prepare(PaymentFacts& facts, const v1::Order& order) {
  v1::RefundOrderRequest& request = RefundOf(facts);
  for (const v1::RelatedTransaction& related : order.related_transactions())
    facts.known.insert(related.transaction_id());
  facts.order_transaction_id = order.transaction_id();
  if (request.currency().empty()) {
    if (order.currency().empty()) return UnreadableMoney("currency");
    request.set_currency(order.currency());
  } else if (!order.currency().empty() && !EqualsIgnoreCase(request.currency(), order.currency())) {
    return InvalidField("currency", "must be the order's own");
  }
  // Without an amount MultiSafepay refunds by the items only where the payment method takes them,
  // and any other order in full.
  if (request.refund_case() == v1::RefundOrderRequest::REFUND_NOT_SET && !RefundsByItems(order)) {
    return InvalidField("refund",
                        "requires an amount of at least 1, or full: only orders of a pay-later or "
                        "invoice method are refunded by items alone");
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

// An earlier attempt may explain every refusal of a keyed call: it is one of the four causes of
// 1034.
bool ExplainsRefusal(const PaymentFacts& facts, int /*error_code*/) {
  return facts.keyed || facts.repeats();
}

// True unless the payment that the answer names is the order's and the refund did not exist before.
bool NamesAnother(const PaymentFacts& facts) {
  const auto& refund = static_cast<const v1::RefundOrderResponse&>(*facts.response).refund();
  if (!refund.has_refund_id())
    return facts.known.count(refund.transaction_id()) > 0 ||
           refund.transaction_id() == facts.order_transaction_id;
  const bool other_payment = refund.has_transaction_id() && !facts.order_transaction_id.empty() &&
                             refund.transaction_id() != facts.order_transaction_id &&
                             facts.known.count(refund.transaction_id()) == 0;
  return other_payment || facts.known.count(refund.refund_id()) > 0;
}

void Complete(PaymentFacts& facts) {
  const v1::RefundOrderRequest& request = RefundOf(facts);
  v1::Refund& refund = *static_cast<v1::RefundOrderResponse&>(*facts.response).mutable_refund();
  refund.set_psp_refund_id(refund.has_refund_id() ? refund.refund_id() : refund.transaction_id());
  refund.set_refund_order_id(request.refund_order_id());
  refund.set_amount(request.amount());
  refund.set_currency(request.currency());
}

Found ReadCancelRefund(PaymentFacts& facts, const v1::Order* order, Phase /*phase*/) {
  if (order == nullptr) return {Finding::kOrderUnknown, {}};
  const auto& request = static_cast<const v1::CancelRefundRequest&>(*facts.request);
  for (const v1::RelatedTransaction& related : order->related_transactions()) {
    if (related.transaction_id() != request.refund_id()) continue;
    if (EqualsIgnoreCase(related.status(), "void") ||
        EqualsIgnoreCase(related.status(), "cancelled")) {
      auto& cancellation =
          *static_cast<v1::CancelRefundResponse&>(*facts.response).mutable_refund_cancellation();
      cancellation.set_order_id(request.order_id());
      cancellation.set_transaction_id(related.transaction_id());
      return {Finding::kOurs, {}};
    }
    if (EqualsIgnoreCase(related.status(), "completed")) {
      return {Finding::kImpossible,
              Precondition("REFUND_COMPLETED",
                           "the refund has been processed and cannot be cancelled")};
    }
    break;
  }
  return {Finding::kNothing, {}};
}

}  // namespace

// It reads first because MultiSafepay refunds twice when asked twice: an earlier attempt whose
// answer was lost shows only in the order.
const OperationPolicy kRefundPolicy{.reads_first = true,
                                    .may_follow_equal = false,
                                    .remembered = kEqualRefusedFor,
                                    .identify = Identify,
                                    .clear_identity = ClearIdentity,
                                    .explains_refusal = ExplainsRefusal,
                                    .prepare = Prepare,
                                    .read = Read,
                                    .unread = Unread,
                                    .names_another = NamesAnother,
                                    .complete = Complete};

const OperationPolicy kCancelRefundPolicy{.explains_refusal = MayBeByEarlierAttempt,
                                          .read = ReadCancelRefund};

}  // namespace msp::payments
