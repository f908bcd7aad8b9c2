// SPDX-License-Identifier: Apache-2.0

#include "service/payments/rest_call.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/text.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

// Nothing was sent, or too little to be acted on: the only case in which the same call may be sent
// again without further checks.
Failure NotSent(const http::Response& answer) {
  Failure failure{.outcome = v1::OUTCOME_NOT_SENT};
  switch (answer.failure) {
    case http::TransferError::kQueueFull:
      failure.code = absl::StatusCode::kResourceExhausted;
      failure.reason = reason::kOverloaded;
      failure.message = "too many calls are waiting for MultiSafepay; nothing was sent";
      failure.retry_after_ms = kRetryAfterMs;
      break;
    case http::TransferError::kDeadline:
      failure.code = absl::StatusCode::kDeadlineExceeded;
      failure.reason = reason::kNotSent;
      failure.message = "the deadline passed before the whole request was sent";
      break;
    case http::TransferError::kBroken:
      failure.code = absl::StatusCode::kUnavailable;
      failure.reason = reason::kNotSent;
      failure.message = absl::StrCat("the connection to MultiSafepay broke (", answer.detail,
                                     ") before the whole request was sent; it cannot have been "
                                     "acted on");
      failure.retry_after_ms = kRetryAfterMs;
      break;
    case http::TransferError::kStopped:
      failure.code = absl::StatusCode::kUnavailable;
      failure.reason = reason::kShuttingDown;
      failure.message = "this server is shutting down; nothing was sent";
      failure.retry_after_ms = 0;
      break;
    case http::TransferError::kAbandoned:
      return CallerGone();
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

// The answer was longer than its bound. Not a retryable code: the next answer would be as long.
Failure TooLarge(const Operation& operation) {
  return {.code = absl::StatusCode::kResourceExhausted,
          .message = absl::StrCat("MultiSafepay's answer is larger than this server accepts (",
                                  operation.response_max_bytes() >> 20, " MiB)",
                                  operation.is_paged ? ": ask for a smaller page" : ""),
          .reason = std::string(reason::kAnswerTooLarge)};
}

// The request was sent and no complete answer came back.
Failure Broken(const Operation& operation, const http::Response& answer) {
  if (answer.failure == http::TransferError::kTooLarge) return TooLarge(operation);
  const bool late = answer.failure == http::TransferError::kDeadline;
  return {
      .code = late ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
      .message = late ? std::string("MultiSafepay did not answer in time")
                      : absl::StrCat("the connection to MultiSafepay broke (", answer.detail, ")"),
      .reason = std::string(late ? reason::kUpstreamTimeout : reason::kUpstreamUnavailable)};
}

std::string_view NameOf(codec::Drift::Kind kind) {
  switch (kind) {
    case codec::Drift::Kind::kUnknownMember:
      return "unknown_member";
    case codec::Drift::Kind::kUnfitValue:
      return "unfit_value";
    case codec::Drift::Kind::kUnreadableText:
      return "unreadable_text";
    default:
      return "duplicate_member";
  }
}

std::string_view NameOf(http::CallOutcome outcome) {
  switch (outcome) {
    case http::CallOutcome::kNotSent:
      return "not_sent";
    case http::CallOutcome::kUnknown:
      return "unknown";
    case http::CallOutcome::kConfirmed:
    case http::CallOutcome::kRejected:
      return "answered";
  }
  return {};
}

codec::KnownSecrets SecretsOf(const RestRequest& rest_request) {
  return {.api_key = rest_request.site->api_key(),
          .previous_api_key = rest_request.site->previous_key(),
          .card = rest_request.body.card};
}

void AddTraceHeaders(const telemetry::TraceContext& hop, const std::string& state,
                     http::Request& request) {
  constexpr std::string_view kName = "traceparent: ";
  std::string& line = request.extra_headers.emplace_back();
  line.reserve(kName.size() + telemetry::kTraceParentBytes);
  line.append(kName);
  telemetry::AppendTraceParent(hop, line);
  if (!state.empty()) request.extra_headers.push_back("tracestate: " + state);
}

// Enough for most bodies: growth copies and zeroizes each time. Not more: the whole capacity is
// cleared before and zeroized after.
constexpr std::size_t kBodyRoomBytes = 1'536;

// Inserts the operation's fixed members, such as "status":"cancelled", before those of the object
// that starts at `start`.
void InsertFixedMembers(const Operation& operation, std::size_t start, std::string& body) {
  const std::string_view fixed = operation.row.fixed_members;
  if (fixed.empty()) return;
  const bool alone = body.size() - start == std::string_view("{}").size();
  ReserveZeroizing(body, fixed.size() + 1);
  body.insert(start + 1, fixed);
  if (!alone) body.insert(start + 1 + fixed.size(), 1, ',');
}

}  // namespace

void RestCall::Send(RestRequest rest_request, absl::AnyInvocable<void(RestResult) &&> done) {
  const Operation& operation = *rest_request.operation;
  http::Request request{.method = operation.row.method,
                        .target = TargetOf(operation, *rest_request.request),
                        .body = std::move(rest_request.body.json),
                        .headers = rest_request.site->headers(),
                        .deadline = rest_request.deadline,
                        .read = operation.reads(),
                        .abandoned = rest_request.caller_gone,
                        .response_max_bytes = operation.response_max_bytes()};
  telemetry::TraceContext hop;
  if (rest_request.trace != nullptr && rest_request.trace->valid()) {
    hop = telemetry::ChildOf(*rest_request.trace);
    AddTraceHeaders(hop, rest_request.trace->state, request);
  }
  client_.Start(std::move(request),
                [this, rest_request = std::move(rest_request), hop = std::move(hop),
                 done = std::move(done)](http::Response response) mutable {
                  std::move(done)(End(rest_request, hop, std::move(response)));
                });
}

RestResult RestCall::End(const RestRequest& rest_request, const telemetry::TraceContext& hop,
                         http::Response response) {
  const http::Timings timings = response.timings;
  const std::string_view send_outcome = NameOf(response.outcome);
  RestResult answer = Read(rest_request, std::move(response));
  metrics_.CountRestCall({.send_outcome = send_outcome,
                          .http_status = answer.http_status,
                          .error_code = answer.failure.error_code,
                          .queue_us = timings.queue_us,
                          .connect_us = timings.connect_us,
                          .tls_us = timings.tls_us,
                          .first_byte_us = timings.first_byte_us,
                          .total_us = timings.total_us});
  if (span_log_ != nullptr && hop.sampled) {
    span_log_->Write(telemetry::Level::kInfo, "span",
                     {{"trace_id", hop.trace()},
                      {"span_id", hop.span()},
                      {"parent_span_id", hop.parent()},
                      {"name", rest_request.operation->row.path},
                      {"kind", std::string_view("client")},
                      {"fate", send_outcome},
                      {"http_status", std::int64_t{answer.http_status}},
                      {"queue_ms", telemetry::Milliseconds(timings.queue_us)},
                      {"first_byte_ms", telemetry::Milliseconds(timings.first_byte_us)},
                      {"duration_ms", telemetry::Milliseconds(timings.total_us)}});
  }
  return answer;
}

RestResult RestCall::Read(const RestRequest& rest_request, http::Response response) {
  RestResult answer{.http_status = response.status,
                    .upstream_us = response.timings.total_us,
                    .retry_after_s = response.retry_after_s,
                    .detail = std::move(response.detail)};
  answer.date_s = response.date_s;
  response.detail = answer.detail;
  if (response.outcome == http::CallOutcome::kNotSent) {
    answer.outcome = CallOutcome::kNotSent;
    answer.failure = NotSent(response);
    return answer;
  }
  if (response.outcome == http::CallOutcome::kUnknown) {
    answer.failure = Broken(*rest_request.operation, response);
    return answer;
  }
  Interpretation interpretation =
      Interpret(*rest_request.operation, operations_.envelope_schema(), *rest_request.request,
                response, *rest_request.response, SecretsOf(rest_request));
  ZeroizeString(response.body);
  for (const codec::Drift& drift : interpretation.drift)
    metrics_.CountDrift(NameOf(drift.kind), drift.path);
  answer.failure = std::move(interpretation.failure);
  answer.envelope = std::move(interpretation.envelope);
  answer.drift = std::move(interpretation.drift);
  answer.numbers = std::move(interpretation.numbers);
  answer.outcome = interpretation.outcome;
  if (answer.outcome == CallOutcome::kRejected) answer.failure.outcome = v1::OUTCOME_REJECTED;
  return answer;
}

void AppendBody(const Operation& operation, const google::protobuf::Message& request,
                std::string& out) {
  if (!operation.has_body) return;
  const std::size_t start = out.size();
  ReserveZeroizing(out, kBodyRoomBytes);
  codec::EncodeBody(*operation.request_schema, request, out);
  InsertFixedMembers(operation, start, out);
}

Body BodyOf(const Operation& operation, const google::protobuf::Message& request) {
  Body body;
  AppendBody(operation, request, body.json);
  if (operation.is_create) {
    const auto& card = static_cast<const v1::CreateOrderRequest&>(request).gateway_info();
    if (card.has_card_number()) body.card.number = codec::DigitPrint(card.card_number());
    if (card.has_card_cvc()) body.card.code = codec::DigitPrint(card.card_cvc());
  }
  return body;
}

std::string RedactedBodyOf(const Operation& operation, const google::protobuf::Message& request) {
  if (!operation.has_body) return {};
  std::string body = codec::Redacted(*operation.request_schema, request, {.body_only = true});
  InsertFixedMembers(operation, 0, body);
  return body;
}

}  // namespace msp::payments
