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

void IdentifyCapture(MoneyFacts& facts) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (!request.new_order_id().empty()) {
    facts.keyed = true;
    return;
  }
  request.set_new_order_id(DerivedId("capture-", request.order_id(), facts.key, *facts.site));
}

Verdict Captured(MoneyFacts& facts, std::int64_t amount, const std::string& order_id,
                 const std::string& transaction_id, Moment moment) {
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (moment != Moment::kAfterDoubt && !facts.keyed) {
    return {Verdict::Kind::kRefused,
            AlreadyExists("EQUAL_CAPTURE_EXISTS",
                          "an equal capture exists; give each of several equal captures an "
                          "idempotency key or new_order_id of its own")};
  }
  if (request.has_amount() && amount != request.amount()) {
    return {Verdict::Kind::kRefused,
            AlreadyExists("IDEMPOTENCY_KEY_REUSED",
                          "the new_order_id or key was used on this order for another amount")};
  }
  v1::Capture& capture = *static_cast<v1::CaptureOrderResponse&>(*facts.response).mutable_capture();
  if (!transaction_id.empty()) capture.set_transaction_id(transaction_id);
  capture.set_order_id(order_id);
  capture.set_amount(amount);
  capture.set_new_order_id(request.new_order_id());
  return {Verdict::Kind::kDone, {}};
}

Verdict JudgeCapture(MoneyFacts& facts, const v1::Order* order, Moment moment) {
  if (order == nullptr)
    return moment == Moment::kAfterDoubt ? Verdict{} : Verdict{Verdict::Kind::kNotDone, {}};
  const v1::CaptureOrderRequest& request = CaptureOf(facts);
  for (const v1::RelatedTransaction& related : order->related_transactions()) {
    if (!Is(related.type(), "capture") || !SameOrderId(request.new_order_id(), related.order_id()))
      continue;
    return Captured(facts, std::abs(related.amount()), related.order_id(), related.transaction_id(),
                    moment);
  }
  // A full capture keeps the original id: nothing left is what shows it.
  const bool full = !request.has_amount() || request.amount() == order->amount();
  if (full && FullyCaptured(*order)) {
    return Captured(facts, order->amount(), request.order_id(), order->transaction_id(), moment);
  }
  return {Verdict::Kind::kNotDone, {}};
}

std::optional<Failure> PrepareCapture(MoneyFacts& facts, const v1::Order& order) {
  v1::CaptureOrderRequest& request = CaptureOf(facts);
  if (request.has_amount()) return std::nullopt;
  const v1::PaymentDetails& details = order.payment_details();
  if (!Is(details.capture(), "manual")) {
    return Precondition("NOT_AN_AUTHORIZATION",
                        "the order was not created with capture: manual, or is not authorized yet");
  }
  const std::int64_t remainder =
      details.has_capture_remain() ? details.capture_remain() : order.amount();
  if (remainder <= 0)
    return Precondition("NOTHING_LEFT", "nothing is left of the authorization to capture");
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
  (void)moment;
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
