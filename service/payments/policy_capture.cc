// SPDX-License-Identifier: Apache-2.0

// CaptureOrder, VoidOrder and CancelOrder.
#include <algorithm>

#include "service/base/text.h"
#include "service/payments/mismatch.h"
#include "service/payments/policy.h"
#include "service/payments/state.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::string_view kRelatedOrderId = "multisafepay.v1.RelatedTransaction.order_id";
constexpr std::string_view kIdPrefix = "capture-";

v1::CaptureOrderRequest& CaptureOf(PaymentFacts& facts) {
  return static_cast<v1::CaptureOrderRequest&>(*facts.request);
}

// What was captured may have been refunded since.
bool FullyCaptured(const v1::Order& order) {
  const v1::PaymentDetails& details = order.payment_details();
  return EqualsIgnoreCase(details.capture(), "manual") && details.has_capture_remain() &&
         details.capture_remain() == 0 &&
         (EqualsIgnoreCase(order.status(), "completed") || IsPaidForGood(order));
}

bool IsCapture(const v1::RelatedTransaction& related) {
  return EqualsIgnoreCase(related.type(), "capture");
}

// A capture's own id; "" where it has the order's, as a full capture does.
std::string_view OwnId(const v1::RelatedTransaction& related, const v1::Order& order) {
  return related.order_id() == order.order_id() ? std::string_view() : related.order_id();
}

// True when the order was captured in parts, each under its own id.
bool CapturedInParts(const v1::Order& order) {
  return std::any_of(order.related_transactions().begin(), order.related_transactions().end(),
                     [&](const v1::RelatedTransaction& related) {
                       return IsCapture(related) && !IsUndone(related) &&
                              !OwnId(related, order).empty();
                     });
}

// True when nothing is authorized that could be captured or voided, now or later.
bool NothingHeld(const v1::Order& order) {
  return IsDead(order) || EqualsIgnoreCase(order.status(), "void");
}

void IdentifyCapture(PaymentFacts& facts) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  facts.id_is_derived = request.new_order_id().empty();
  if (facts.id_is_derived) {
    request.set_new_order_id(DerivedId(kIdPrefix, request.order_id(), facts.keys.key));
  } else {
    facts.keyed = true;
  }
  facts.own_ids = {request.new_order_id()};
  if (!facts.keys.previous.empty())
    facts.own_ids.push_back(DerivedId(kIdPrefix, request.order_id(), facts.keys.previous));
}

void ClearCaptureIdentity(PaymentFacts& facts) {
  if (facts.id_is_derived) CaptureOf(facts).clear_new_order_id();
}

Failure NothingLeft() {
  return Precondition("NOTHING_LEFT", "nothing is left of the authorization to capture");
}

Failure EqualExists() {
  return AlreadyExists("EQUAL_CAPTURE_EXISTS",
                       "an equal capture exists; give each of several equal captures an "
                       "idempotency key or new_order_id of its own");
}

// Also without a caller's key: the id of an order, which a capture is, is not used twice.
Failure CaptureUndone() {
  return Precondition("CAPTURE_UNDONE",
                      "the capture was made, and then declined or voided; a new capture needs a "
                      "new idempotency key or new_order_id");
}

// `amount` is nothing where MultiSafepay's record does not have it.
Found Captured(PaymentFacts& facts, Finding finding, std::optional<std::int64_t> amount,
               const std::string& order_id, const std::string& transaction_id, Phase phase) {
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (phase != Phase::kIndeterminate && !facts.keyed && !facts.claims_repeat)
    return {Finding::kEqualExists, EqualExists()};
  if (request.has_amount() && amount && *amount != request.amount()) {
    return {Finding::kOursOtherMoney,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the new_order_id or key was used on this order for another amount")};
  }
  v1::Capture& capture = *static_cast<v1::CaptureOrderResponse&>(*facts.response).mutable_capture();
  if (!transaction_id.empty()) capture.set_transaction_id(transaction_id);
  capture.set_order_id(order_id);
  if (amount) capture.set_amount(*amount);
  capture.set_new_order_id(request.new_order_id());
  return {finding, {}};
}

// The capture under this call's own id, of several one that is not undone; null where the order
// shows none.
const v1::RelatedTransaction* OwnCapture(const PaymentFacts& facts, const v1::Order& order) {
  const v1::RelatedTransaction* own = nullptr;
  for (const v1::RelatedTransaction& related : order.related_transactions()) {
    const std::string_view own_id = OwnId(related, order);
    const bool ours =
        IsCapture(related) && !own_id.empty() &&
        std::any_of(facts.own_ids.begin(), facts.own_ids.end(), [&](const std::string& id) {
          return IsSameId(facts, id, own_id, kRelatedOrderId);
        });
    if (ours && (own == nullptr || IsUndone(*own))) own = &related;
  }
  return own;
}

// True for a capture that may be this call's and shows no id: older answers omit it, and the type.
// A full capture shows the order's id.
bool HidesItsId(const v1::RelatedTransaction& related, const v1::CaptureOrderRequest& request) {
  const bool capture =
      IsCapture(related) || (related.type().empty() && related.refund_order_id().empty());
  const auto amount = SizeOf(related);
  return capture && related.order_id().empty() && !IsUndone(related) &&
         (!request.has_amount() || !amount || *amount == request.amount());
}

// True when the order with this call's own id is not a capture that it made: a capture's order
// names its authorization (contract 7.1), and its amount does not change.
bool OwnIdIsAnothers(const PaymentFacts& facts, const v1::Order& order) {
  if (facts.own_transaction_id.empty()) return false;
  if (!facts.own_auth_order_id.empty())
    return !SameOrderId(facts.own_auth_order_id, order.order_id());
  const v1::CaptureOrderRequest& request =
      static_cast<const v1::CaptureOrderRequest&>(*facts.request);
  return facts.own_amount && request.has_amount() && *facts.own_amount != request.amount();
}

Found ReadCapture(PaymentFacts& facts, const v1::Order* order, Phase phase) {
  if (order == nullptr) return {Finding::kOrderUnknown, {}};
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (const v1::RelatedTransaction* related = OwnCapture(facts, *order)) {
    if (IsUndone(*related)) return {Finding::kUndone, CaptureUndone()};
    return Captured(facts, Finding::kOurs, SizeOf(*related), related->order_id(),
                    related->transaction_id(), phase);
  }
  // A full capture keeps the original id: only the empty remainder shows it, and nothing shows
  // which call made it.
  const bool full =
      !request.has_amount() || (order->has_amount() && request.amount() == order->amount());
  const bool in_parts = CapturedInParts(*order);
  if (full && !in_parts && FullyCaptured(*order)) {
    const bool other = phase != Phase::kIndeterminate && !facts.repeats();
    Found found = Captured(facts, other ? Finding::kDoneOtherwise : Finding::kOurs, SizeOf(*order),
                           request.order_id(), order->transaction_id(), phase);
    if (found.finding == Finding::kDoneOtherwise) facts.reason = "ALREADY_CAPTURED";
    return found;
  }
  // Before the send it is in nobody's way: a capture's id is an order's, and is not used twice.
  const bool may_be_ours = phase != Phase::kBefore || facts.may_miss_equal;
  if (may_be_ours &&
      std::any_of(order->related_transactions().begin(), order->related_transactions().end(),
                  [&](const auto& related) { return HidesItsId(related, request); }))
    return OwnerIndeterminate(
        "a capture of this amount exists, and nothing in it shows whose it is");
  if (NothingHeld(*order) || (in_parts && FullyCaptured(*order)))
    return {Finding::kImpossible, NothingLeft()};
  // Less is left than requested: the order shows why MultiSafepay refuses the capture.
  const v1::PaymentDetails& details = order->payment_details();
  if (phase == Phase::kRefused && details.has_capture_remain() && request.has_amount() &&
      details.capture_remain() < request.amount())
    return {Finding::kImpossible, NothingLeft()};
  // The order exists, so 1006 is about the capture's own id: it is in use.
  if (phase == Phase::kRefused && facts.refusal.error_code == kInvalidId) {
    if (OwnIdIsAnothers(facts, *order)) return {Finding::kTakenFinal, facts.refusal};
    return OwnerIndeterminate(
        "MultiSafepay says that the id is in use and does not show the capture");
  }
  return {Finding::kNothing, {}};
}

// The own id that MultiSafepay says is in use, where the order does not show by what.
std::string UnreadCapture(const PaymentFacts& facts, const v1::Order& order) {
  const bool in_use = facts.refusal.error_code == kInvalidId && facts.own_ids_read == 0 &&
                      facts.own_ids.front() != order.order_id() &&
                      OwnCapture(facts, order) == nullptr;
  return in_use ? facts.own_ids.front() : std::string();
}

std::optional<Failure> PrepareCapture(PaymentFacts& facts, const v1::Order& order) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  const v1::PaymentDetails& details = order.payment_details();
  // Refused here, because MultiSafepay's refusal would not be conclusive.
  const bool open = EqualsIgnoreCase(order.status(), "initialized");
  const bool paid = StateOf(order, false) == v1::PAYMENT_STATE_PAID;
  const bool manual = EqualsIgnoreCase(details.capture(), "manual");
  if (open || NothingHeld(order) || (!manual && (paid || !request.has_amount()))) {
    return Precondition("NOT_AN_AUTHORIZATION",
                        "the order was not created with capture: manual, or is not authorized yet");
  }
  // Without capture_remain in the record the whole authorization remains.
  const bool unreadable =
      CannotRead(facts, "payment_details.capture_remain") ||
      (details.has_capture_remain() && !ReadableAmount(true, details.capture_remain()));
  const auto amount = ReadableAmount(order.has_amount(), order.amount());
  const auto remainder = unreadable                     ? std::nullopt
                         : details.has_capture_remain() ? std::optional(details.capture_remain())
                                                        : amount;
  if (remainder && *remainder <= 0) {
    // Without the order's amount it is open whether this capture took all of it.
    const bool is_conclusive = amount || !request.has_amount() || CapturedInParts(order);
    return is_conclusive ? NothingLeft() : UnreadableMoney("amount");
  }
  if (request.has_amount()) return std::nullopt;
  if (!remainder) return UnreadableMoney(unreadable ? "payment_details.capture_remain" : "amount");
  request.set_amount(*remainder);
  return std::nullopt;
}

bool ExplainsCaptureRefusal(const PaymentFacts& facts, int error_code) {
  return (facts.keyed || facts.repeats()) &&
         (error_code == 1001 || error_code == kInvalidId || error_code == 1014);
}

void CompleteCapture(PaymentFacts& facts) {
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  v1::Capture& capture = *static_cast<v1::CaptureOrderResponse&>(*facts.response).mutable_capture();
  capture.set_amount(request.amount());
  capture.set_new_order_id(request.new_order_id());
}

bool IsCancelled(const v1::Order& order) {
  return EqualsIgnoreCase(order.status(), "cancelled") ||
         EqualsIgnoreCase(order.status(), "canceled");
}

Found ReadVoid(PaymentFacts& facts, const v1::Order* order, Phase /*phase*/) {
  if (order == nullptr) return {Finding::kOrderUnknown, {}};
  if (IsCancelled(*order) || EqualsIgnoreCase(order->status(), "void")) {
    auto& voided =
        *static_cast<v1::VoidOrderResponse&>(*facts.response).mutable_authorization_void();
    voided.set_order_id(std::string(OrderIdOf(*facts.operation, *facts.request)));
    if (order->has_transaction_id()) voided.set_transaction_id(order->transaction_id());
    voided.set_success(true);
    // A cancelled order was never authorized: another call's doing.
    if (!IsCancelled(*order)) return {Finding::kOurs, {}};
    facts.reason = "ORDER_CANCELLED";
    return {Finding::kDoneOtherwise, {}};
  }
  if (EqualsIgnoreCase(order->financial_status(), "completed") || IsDead(*order))
    return {Finding::kImpossible,
            Precondition("NOT_AN_AUTHORIZATION",
                         "no part of the order is authorized and not yet captured")};
  return {Finding::kNothing, {}};
}

Found ReadCancel(PaymentFacts& facts, const v1::Order* order, Phase /*phase*/) {
  if (order == nullptr) return {Finding::kOrderUnknown, {}};
  if (IsCancelled(*order) || EqualsIgnoreCase(order->status(), "void")) {
    v1::Order& answer = *static_cast<v1::CancelOrderResponse&>(*facts.response).mutable_order();
    answer = *order;
    CompleteOrder(answer);
    if (answer.payment_state() == v1::PAYMENT_STATE_PARTIALLY_CAPTURED)
      facts.reason = "PARTIALLY_CAPTURED";
    return {Finding::kOurs, {}};
  }
  // Only an unpaid order, or one that is held for review, can be cancelled.
  const bool open = EqualsIgnoreCase(order->status(), "initialized") ||
                    EqualsIgnoreCase(order->status(), "uncleared") || order->status().empty();
  if (!open)
    return {Finding::kImpossible,
            Precondition("ORDER_NOT_OPEN",
                         "the order is no longer open and was not cancelled; check its state, "
                         "void or refund it")};
  return {Finding::kNothing, {}};
}

// MultiSafepay answers 410 with code 1000 for an order that cannot be changed (contract 2.3).
bool CancelStandsWhenSettled(const PaymentFacts& /*facts*/, bool /*absent*/, Failure& failure) {
  if (failure.error_code != 1000 || failure.http_status != 410) return false;
  failure.code = absl::StatusCode::kFailedPrecondition;
  failure.reason = "ORDER_NOT_OPEN";
  failure.domain = kOwnDomain;
  return true;
}

}  // namespace

const OperationPolicy kCapturePolicy{.reads_first = true,
                                     .may_follow_equal = false,
                                     .remembered = kEqualRefusedFor,
                                     .identify = IdentifyCapture,
                                     .clear_identity = ClearCaptureIdentity,
                                     .explains_refusal = ExplainsCaptureRefusal,
                                     .prepare = PrepareCapture,
                                     .read = ReadCapture,
                                     .unread = UnreadCapture,
                                     .complete = CompleteCapture};

const OperationPolicy kVoidPolicy{.explains_refusal = MayBeByEarlierAttempt, .read = ReadVoid};

// The answer `{}` proves nothing: exclude_order has two readings.
const OperationPolicy kCancelPolicy{.reads_after = true,
                                    .explains_refusal = MayBeByEarlierAttempt,
                                    .stands_when_settled = CancelStandsWhenSettled,
                                    .read = ReadCancel};

}  // namespace msp::payments
