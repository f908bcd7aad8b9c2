#include "service/psp/api.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "service/psp/interpret.h"
#include "service/psp/state.h"
#include "service/psp/validate.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;
using std::chrono::milliseconds;

// After this long a refused connection is worth another try.
constexpr std::int64_t kRetryAfterMs = 1'000;

Failure InvalidRequest(std::vector<codec::Violation> violations) {
  const codec::Violation& first = violations.front();
  Failure failure{.code = absl::StatusCode::kInvalidArgument,
                  .message = absl::StrCat(first.field, ": ", first.description),
                  .reason = std::string(reason::kInvalidRequest),
                  .outcome = v1::OUTCOME_NOT_SENT};
  if (violations.size() > 1)
    absl::StrAppend(&failure.message, " (and ", violations.size() - 1, " more)");
  failure.violations = std::move(violations);
  return failure;
}

// Nothing left this process: the one case in which the same call may simply be sent again.
Failure NotSent(const http::Response& answer) {
  Failure failure{.outcome = v1::OUTCOME_NOT_SENT};
  switch (answer.failure) {
    case http::Failure::kQueueFull:
      failure.code = absl::StatusCode::kResourceExhausted;
      failure.reason = reason::kOverloaded;
      failure.message = "too many calls are waiting for MultiSafepay; nothing was sent";
      failure.retry_after_ms = kRetryAfterMs;
      break;
    case http::Failure::kDeadline:
      failure.code = absl::StatusCode::kDeadlineExceeded;
      failure.reason = reason::kNotSent;
      failure.message = "the deadline passed before the call could be sent";
      break;
    case http::Failure::kStopped:
      failure.code = absl::StatusCode::kUnavailable;
      failure.reason = reason::kShuttingDown;
      failure.message = "this server is shutting down; nothing was sent";
      failure.retry_after_ms = 0;
      break;
    default:
      failure.code = absl::StatusCode::kUnavailable;
      failure.reason = reason::kNotSent;
      failure.message =
          absl::StrCat("could not connect to MultiSafepay (", answer.detail, "); nothing was sent");
      failure.retry_after_ms = kRetryAfterMs;
      break;
  }
  return failure;
}

// It left and no complete answer came back.
Failure Broken(const http::Response& answer) {
  const bool late = answer.failure == http::Failure::kDeadline;
  return {
      .code = late ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
      .message = late ? std::string("MultiSafepay did not answer in time")
                      : absl::StrCat("the connection to MultiSafepay broke (", answer.detail, ")"),
      .reason = std::string(late ? reason::kUpstreamTimeout : reason::kUpstreamUnavailable)};
}

// Whatever went wrong, a money-moving call without a certain answer says so in a code that no mesh
// and no client library sends again by itself.
Failure Unknown(Failure cause, std::string_view order_id) {
  const bool mismatch = cause.reason == reason::kUpstreamMismatch;
  cause.code = absl::StatusCode::kUnknown;
  cause.message = absl::StrCat("the call was sent and its outcome is unknown: ", cause.message,
                               ". Look at the order with GetOrder before anything else; do not "
                               "send it under another order_id");
  if (!mismatch) cause.reason = reason::kOutcomeUnknown;
  cause.domain = kOwnDomain;
  cause.outcome = v1::OUTCOME_UNKNOWN;
  cause.order_id = std::string(order_id);
  cause.violations.clear();
  return cause;
}

std::string_view NameOf(codec::Drift::Kind kind) {
  switch (kind) {
    case codec::Drift::Kind::kUnknownMember:
      return "unknown_member";
    case codec::Drift::Kind::kUnfitValue:
      return "unfit_value";
    default:
      return "duplicate_member";
  }
}

v1::Order* MutableOrderOf(google::protobuf::Message& response) {
  if (response.GetDescriptor() == v1::CreateOrderResponse::descriptor()) {
    return static_cast<v1::CreateOrderResponse&>(response).mutable_order();
  }
  if (response.GetDescriptor() == v1::GetOrderResponse::descriptor()) {
    return static_cast<v1::GetOrderResponse&>(response).mutable_order();
  }
  return nullptr;
}

}  // namespace

void Api::Start(Call& call, CallDone done) {
  http::Request request;
  if (!Prepare(call, &request)) return std::move(done)();
  call.attempts = 1;
  client_.Start(std::move(request),
                [this, &call, done = std::move(done)](http::Response answer) mutable {
                  OnResponse(call, std::move(answer));
                  std::move(done)();
                });
}

bool Api::Prepare(Call& call, http::Request* request) {
  const Operation& operation = *call.operation;
  if (auto violations = Validate(operation, *call.request); !violations.empty()) {
    Fail(call, InvalidRequest(std::move(violations)));
    return false;
  }
  CompleteRequest(operation, options_.notification_url, *call.request);
  request->method = operation.row.method;
  request->target = TargetOf(operation, *call.request);
  if (operation.has_body) codec::EncodeBody(*operation.request_plan, *call.request, request->body);
  request->headers = call.site->headers();
  request->guarded = !operation.reads();
  request->read = operation.reads();
  request->deadline = std::min(call.deadline - milliseconds(options_.reply_margin_ms),
                               call.start + milliseconds(options_.upstream_timeout_ms));
  // The card has left the message; it is in the request's body alone now, which the pool wipes.
  codec::Wipe(*operation.request_plan, *call.request);
  return true;
}

void Api::OnResponse(Call& call, http::Response answer) {
  call.http_status = answer.status;
  call.upstream_us = answer.timings.total_us;
  if (answer.resend_stopped) metrics_.CountResendStopped();
  if (answer.fate == http::Fate::kNotSent) return Fail(call, NotSent(answer));
  const bool money = call.operation->moves_money();
  const std::string_view order_id = OrderIdOf(*call.operation, *call.request);
  if (answer.fate == http::Fate::kUnknown) {
    call.detail = answer.detail;
    return Fail(call, money ? Unknown(Broken(answer), order_id) : Broken(answer));
  }
  Reading reading = Interpret(*call.operation, operations_.envelope_plan(), *call.request, answer,
                              *call.response);
  for (const codec::Drift& drift : reading.drift)
    metrics_.CountDrift(NameOf(drift.kind), drift.path);
  if (reading.kind == Reading::Kind::kSuccess) return OnSuccess(call);
  if (reading.kind == Reading::Kind::kRefused) reading.failure.outcome = v1::OUTCOME_REJECTED;
  const bool open = reading.kind == Reading::Kind::kOpen;
  Fail(call,
       open && money ? Unknown(std::move(reading.failure), order_id) : std::move(reading.failure));
}

void Api::OnSuccess(Call& call) {
  if (v1::Order* order = MutableOrderOf(*call.response)) {
    // An all-digit id may come back as a number, without its zeros: the caller gets the id that it
    // sent.
    const std::string_view sent = OrderIdOf(*call.operation, *call.request);
    if (order->has_order_id() && SameOrderId(sent, order->order_id()))
      order->set_order_id(std::string(sent));
    CompleteOrder(*order);
    if (IsOdd(*order)) metrics_.CountOddState(order->status(), order->financial_status());
  }
  if (!call.operation->moves_money()) return;
  call.outcome = v1::OUTCOME_CONFIRMED;
  if (call.operation->creates()) {
    static_cast<v1::CreateOrderResponse&>(*call.response)
        .mutable_result()
        ->set_outcome(v1::OUTCOME_CONFIRMED);
  }
}

void Api::Fail(Call& call, Failure failure) {
  if (failure.order_id.empty())
    failure.order_id = std::string(OrderIdOf(*call.operation, *call.request));
  call.outcome = failure.outcome;
  call.failure = std::move(failure);
}

}  // namespace msp::psp
