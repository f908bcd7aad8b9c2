// CaptureOrder, VoidOrder and CancelOrder.
#include <algorithm>

#include "absl/strings/match.h"
#include "service/psp/interpret.h"
#include "service/psp/protocol.h"
#include "service/psp/state.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

bool Is(std::string_view value, std::string_view name) {
  return absl::EqualsIgnoreCase({value.data(), value.size()}, {name.data(), name.size()});
}

v1::CaptureOrderRequest& CaptureOf(MoneyFacts& facts) {
  return static_cast<v1::CaptureOrderRequest&>(*facts.request);
}

bool FullyCaptured(const v1::Order& order) {
  const v1::PaymentDetails& details = order.payment_details();
  return Is(details.capture(), "manual") && details.has_capture_remain() &&
         details.capture_remain() == 0 && Is(order.status(), "completed");
}

bool IsCapture(const v1::RelatedTransaction& related) { return Is(related.type(), "capture"); }

// Collected piece by piece, each under an id of its own.
bool CapturedInParts(const v1::Order& order, const std::string& order_id) {
  return std::any_of(order.related_transactions().begin(), order.related_transactions().end(),
                     [&](const v1::RelatedTransaction& related) {
                       return IsCapture(related) && !related.order_id().empty() &&
                              !SameOrderId(order_id, related.order_id());
                     });
}

// Nothing is held that could be captured or given up, now or later.
bool NothingHeld(const v1::Order& order) { return IsDead(order) || Is(order.status(), "void"); }

void IdentifyCapture(MoneyFacts& facts) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (!request.new_order_id().empty()) {
    facts.keyed = true;
    return;
  }
  request.set_new_order_id(DerivedId("capture-", request.order_id(), facts.key, *facts.site));
}

Failure NothingLeft() {
  return Precondition("NOTHING_LEFT", "nothing is left of the authorization to capture");
}

// An order's or a related transaction's amount, where the record tells it.
template <class Record>
std::optional<std::int64_t> ReadAmount(const Record& record) {
  std::optional<std::int64_t> amount;
  if (record.has_amount()) amount.emplace(std::abs(record.amount()));
  return amount;
}

// `amount` is nothing where MultiSafepay's record does not tell it.
Verdict Captured(MoneyFacts& facts, std::optional<std::int64_t> amount, const std::string& order_id,
                 const std::string& transaction_id, Moment moment) {
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (moment != Moment::kAfterDoubt && !facts.keyed) {
    if (facts.tried_before)
      return Undecided(
          "an equal capture exists: this call's own, or an older one; without an "
          "idempotency key of the caller's that cannot be told");
    return {Verdict::Kind::kRefused,
            AlreadyExists("EQUAL_CAPTURE_EXISTS",
                          "an equal capture exists; give each of several equal captures an "
                          "idempotency key or new_order_id of its own")};
  }
  if (request.has_amount() && amount && *amount != request.amount()) {
    return {Verdict::Kind::kRefused,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the new_order_id or key was used on this order for another amount")};
  }
  v1::Capture& capture = *static_cast<v1::CaptureOrderResponse&>(*facts.response).mutable_capture();
  if (!transaction_id.empty()) capture.set_transaction_id(transaction_id);
  capture.set_order_id(order_id);
  if (amount) capture.set_amount(*amount);
  capture.set_new_order_id(request.new_order_id());
  return {Verdict::Kind::kDone, {}};
}

Verdict JudgeCapture(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr)
    return moment == Moment::kAfterDoubt ? Verdict{} : Verdict{Verdict::Kind::kNotDone, {}};
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  for (const v1::RelatedTransaction& related : order->related_transactions()) {
    if (!IsCapture(related) || !SameOrderId(request.new_order_id(), related.order_id())) continue;
    return Captured(facts, ReadAmount(related), related.order_id(), related.transaction_id(),
                    moment);
  }
  // A full capture keeps the original id: nothing left is what shows it.
  const bool full =
      !request.has_amount() || (order->has_amount() && request.amount() == order->amount());
  const bool in_parts = CapturedInParts(*order, request.order_id());
  if (full && !in_parts && FullyCaptured(*order)) {
    return Captured(facts, ReadAmount(*order), request.order_id(), order->transaction_id(), moment);
  }
  if (moment == Moment::kAfterDoubt && (NothingHeld(*order) || (in_parts && FullyCaptured(*order))))
    return {Verdict::Kind::kRefused, NothingLeft()};
  return {Verdict::Kind::kNotDone, {}};
}

std::optional<Failure> PrepareCapture(MoneyFacts& facts, const v1::Order& order) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  const v1::PaymentDetails& details = order.payment_details();
  // What MultiSafepay would refuse without saying so for certain is refused here.
  const bool open = Is(order.status(), "initialized");
  const bool paid = StateOf(order, false) == v1::PAYMENT_STATE_PAID;
  const bool manual = Is(details.capture(), "manual");
  if (open || NothingHeld(order) || (!manual && (paid || !request.has_amount()))) {
    return Precondition("NOT_AN_AUTHORIZATION",
                        "the order was not created with capture: manual, or is not authorized yet");
  }
  // Where the record does not say what remains, it is the whole authorization.
  const bool tells = details.has_capture_remain();
  const bool unreadable = CannotRead(facts, "payment_details.capture_remain");
  const bool known = tells || (order.has_amount() && !unreadable);
  const std::int64_t remainder = tells ? details.capture_remain() : order.amount();
  if (known && remainder <= 0) return NothingLeft();
  if (request.has_amount()) return std::nullopt;
  if (!known) return UnreadableMoney(unreadable ? "payment_details.capture_remain" : "amount");
  request.set_amount(remainder);
  return std::nullopt;
}

bool ExplainsCaptureRefusal(const MoneyFacts& facts, int error_code) {
  return facts.keyed && (error_code == 1001 || error_code == 1006 || error_code == 1014);
}

void CompleteCapture(MoneyFacts& facts) {
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  v1::Capture& capture = *static_cast<v1::CaptureOrderResponse&>(*facts.response).mutable_capture();
  capture.set_amount(request.amount());
  capture.set_new_order_id(request.new_order_id());
}

bool Undone(const v1::Order& order) {
  return Is(order.status(), "void") || Is(order.status(), "cancelled") ||
         Is(order.status(), "canceled");
}

Verdict JudgeVoid(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr) return {};
  if (Undone(*order)) {
    auto& voided =
        *static_cast<v1::VoidOrderResponse&>(*facts.response).mutable_authorization_void();
    voided.set_order_id(std::string(OrderIdOf(*facts.operation, *facts.request)));
    if (order->has_transaction_id()) voided.set_transaction_id(order->transaction_id());
    voided.set_success(true);
    return {Verdict::Kind::kDone, {}};
  }
  const bool collected = Is(order->financial_status(), "completed");
  if (moment == Moment::kAfterDoubt && (collected || IsDead(*order))) {
    return {Verdict::Kind::kRefused,
            Precondition("NOT_AN_AUTHORIZATION",
                         "nothing of the order is authorized and not yet captured")};
  }
  return {Verdict::Kind::kNotDone, {}};
}

Verdict JudgeCancel(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr) return {};
  if (Undone(*order)) {
    v1::Order& answer = *static_cast<v1::CancelOrderResponse&>(*facts.response).mutable_order();
    answer = *order;
    CompleteOrder(answer);
    return {Verdict::Kind::kDone, {}};
  }
  if (Is(order->status(), "initialized") || order->status().empty())
    return {Verdict::Kind::kNotDone, {}};
  if (moment == Moment::kBefore)
    return {Verdict::Kind::kNotDone, {}};  // MultiSafepay says no itself.
  return {Verdict::Kind::kRefused, Precondition("ORDER_NOT_OPEN",
                                                "the order is no longer open and was not "
                                                "cancelled; look at its state, void or refund it")};
}

bool AlwaysExplains(const MoneyFacts& /*facts*/, int /*error_code*/) { return true; }

}  // namespace

const Protocol kCaptureProtocol{.looks_first = true,
                                .identify = IdentifyCapture,
                                .explains_refusal = ExplainsCaptureRefusal,
                                .prepare = PrepareCapture,
                                .judge = JudgeCapture,
                                .complete = CompleteCapture};

const Protocol kVoidProtocol{.explains_refusal = AlwaysExplains, .judge = JudgeVoid};

// `{}` proves nothing: exclude_order has two readings.
const Protocol kCancelProtocol{
    .looks_after = true, .explains_refusal = AlwaysExplains, .judge = JudgeCancel};

}  // namespace msp::psp
