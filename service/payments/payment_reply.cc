// SPDX-License-Identifier: Apache-2.0

#include "service/payments/payment_reply.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/codec/redact.h"
#include "service/payments/message_cast.h"
#include "service/payments/mismatch.h"
#include "service/payments/state.h"
#include "service/payments/validate.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

v1::Order* MutableOrderOf(google::protobuf::Message& response) {
  if (auto* const created = As<v1::CreateOrderResponse>(response)) return created->mutable_order();
  const auto* field = response.GetDescriptor()->FindFieldByName("order");
  if (field == nullptr || field->message_type() != v1::Order::descriptor()) return nullptr;
  return static_cast<v1::Order*>(response.GetReflection()->MutableMessage(&response, field));
}

// A category without its prefix: "FUNDS".
std::string_view NameOf(v1::DeclineCategory category) {
  constexpr std::string_view kPrefix = "DECLINE_CATEGORY_";
  const std::string_view name = v1::DeclineCategory_Name(category);
  return name.substr(std::min(kPrefix.size(), name.size()));
}

void FinishOrder(Call& call, const PaymentFacts& facts, v1::Order& order, bool replayed,
                 telemetry::Metrics& metrics) {
  // An all-digit id may come back as a number, without its leading zeros: the caller gets the id
  // that it sent.
  const std::string_view sent = OrderIdOf(*call.operation, *call.request);
  if (order.has_order_id() && order.order_id() != sent && SameOrderId(sent, order.order_id()))
    order.set_order_id(std::string(sent));
  if (call.operation->creates()) {
    StripMarker(order, facts.marker, facts.keys);
  } else {
    StripMarker(order);
  }
  if (IsUndocumentedState(order)) metrics.CountOddState(order.status(), order.financial_status());
  call.payment_state = order.payment_state();
  if (order.has_decline() && !replayed) metrics.CountDecline(NameOf(order.decline().category()));
}

}  // namespace

void SetConfirmed(Call& call, PaymentFacts& facts, Proof proof, telemetry::Metrics& metrics,
                  EventAccessTable* event_access) {
  const bool replayed = proof == Proof::kReplayed;
  if (v1::Order* order = MutableOrderOf(*call.response)) {
    FinishOrder(call, facts, *order, replayed, metrics);
    if (event_access != nullptr)
      event_access->Take(call.site->name(), OrderIdOf(*call.operation, *call.request), *order);
  }
  const bool unmarked =
      facts.markers && call.operation->creates() && facts.marker.field == MarkerField::kNone;
  if (unmarked && facts.reason.empty()) facts.reason = "NO_MARKER";
  v1::CallResult& result = ResultOf(*call.response);
  result.set_outcome(v1::OUTCOME_CONFIRMED);
  result.set_idempotency_key(facts.keys.key);
  result.set_reconciled(proof == Proof::kReconciled);
  result.set_replayed(replayed);
  if (!facts.reason.empty()) result.set_reason(facts.reason);
  call.idempotency_key = facts.keys.key;
  call.outcome = v1::OUTCOME_CONFIRMED;
  if (proof != Proof::kResponse)
    metrics.CountReconciliation(call.operation->row.name, replayed ? "replayed" : "reconciled");
}

void SetDryRun(Call& call, const PaymentFacts& facts) {
  v1::CallResult& result = ResultOf(*call.response);
  result.set_dry_run_json(RedactedBodyOf(*call.operation, *call.request));
  result.set_idempotency_key(facts.keys.key);
  result.set_outcome(v1::OUTCOME_NOT_SENT);
  call.outcome = v1::OUTCOME_NOT_SENT;
}

void SetFailure(Call& call, const PaymentFacts& facts, Failure failure) {
  codec::ZeroizeAll(*call.operation->response_schema, *call.response);
  call.response->Clear();
  failure.order_id = std::string(OrderIdOf(*call.operation, *call.request));
  failure.idempotency_key = facts.keys.key;
  call.idempotency_key = facts.keys.key;
  call.outcome = failure.outcome;
  call.failure = std::move(failure);
}

// Whatever the cause, a call without a conclusive answer gets a code that no mesh and no client
// library retries by itself.
Failure UnknownOf(const Call& call, const OperationPolicy& policy, Failure cause,
                  const OrderLookup* lookup) {
  const bool mismatch = cause.reason == reason::kUpstreamMismatch;
  if (cause.message.empty())
    cause.message =
        "an equal call ended recently, and MultiSafepay's record does not show "
        "what it did";
  cause.code = absl::StatusCode::kUnknown;
  cause.message = absl::StrCat(
      call.attempts > 0
          ? "the call was sent and its outcome is unknown: "
          : "nothing was sent now, and the outcome of an earlier attempt is unknown: ",
      cause.message,
      policy.may_follow_equal
          ? ". Repeat it with the same order_id and idempotency key and repeat: true, or read the "
            "order with GetOrder; never send it under another order_id before its outcome is "
            "certain"
          : ". Repeat it with the same idempotency key and repeat: true, which reads the "
            "order and sends nothing; if the order still does not show it 300 s after it was "
            "sent, make the same call without repeat, never under another key");
  if (!mismatch) cause.reason = reason::kOutcomeUnknown;
  cause.domain = kOwnDomain;
  cause.outcome = v1::OUTCOME_UNKNOWN;
  cause.violations.clear();
  cause.retry_after_ms = -1;
  if (lookup != nullptr) cause.order = OrderOf(*lookup);
  return cause;
}

std::shared_ptr<const v1::Order> OrderOf(const OrderLookup& lookup) {
  if (lookup.order() == nullptr) return nullptr;
  const codec::MessageSchema* schema = lookup.response_schema->Find("order")->message;
  std::shared_ptr<v1::Order> order(new v1::Order(*lookup.order()), [schema](v1::Order* copy) {
    codec::ZeroizeAll(*schema, *copy);
    delete copy;
  });
  StripMarker(*order);
  CompleteOrder(*order);
  return order;
}

// The call may be sent again: a refused lookup is no refusal of the call itself.
Failure UnreadOf(const OrderLookup& lookup) {
  Failure failure = lookup.failure;
  failure.outcome = v1::OUTCOME_NOT_SENT;
  failure.message = absl::StrCat("nothing was sent: the order could not be read before the call: ",
                                 lookup.failure.message);
  if (lookup.may_succeed_later() && failure.retry_after_ms < 0)
    failure.retry_after_ms = kRetryAfterMs;
  return failure;
}

Failure OrderUnknown(const OrderLookup& lookup) {
  Failure failure = lookup.failure;
  failure.outcome = v1::OUTCOME_REJECTED;
  failure.message =
      absl::StrCat("the order could not be read before the call: ", lookup.failure.message);
  return failure;
}

Failure DeadlineTooShort() {
  return {.code = absl::StatusCode::kDeadlineExceeded,
          .message =
              "too little of the deadline is left to send the call and learn its outcome; "
              "nothing was sent",
          .reason = std::string(reason::kDeadlineTooShort),
          .outcome = v1::OUTCOME_NOT_SENT};
}

}  // namespace msp::payments
