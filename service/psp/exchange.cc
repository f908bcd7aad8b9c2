#include "service/psp/exchange.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

// After this long a refused connection is worth another try.
constexpr std::int64_t kRetryAfterMs = 1'000;

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

// The members that the operation always sends, such as "status":"cancelled", come first.
std::string WithFixedMembers(const Operation& operation, std::string body) {
  const std::string_view fixed = operation.row.fixed_members;
  if (!fixed.empty()) {
    const bool alone = body == "{}";
    body.insert(1, absl::StrCat(absl::string_view(fixed.data(), fixed.size()), alone ? "" : ","));
  }
  return body;
}

}  // namespace

void Exchange::Send(Sending sending, absl::AnyInvocable<void(Answer) &&> done) {
  const Operation& operation = *sending.operation;
  http::Request request{.method = operation.row.method,
                        .target = TargetOf(operation, *sending.request),
                        .body = std::move(sending.body),
                        .headers = sending.site->headers(),
                        .deadline = sending.deadline,
                        .guarded = !operation.reads(),
                        .read = operation.reads()};
  client_.Start(std::move(request), [this, sending = std::move(sending),
                                     done = std::move(done)](http::Response response) mutable {
    std::move(done)(Read(sending, std::move(response)));
  });
}

Answer Exchange::Read(const Sending& sending, http::Response response) {
  Answer answer{.http_status = response.status,
                .upstream_us = response.timings.total_us,
                .retry_after_s = response.retry_after_s,
                .detail = std::move(response.detail)};
  if (response.resend_stopped) metrics_.CountResendStopped();
  response.detail = answer.detail;
  if (response.fate == http::Fate::kNotSent) {
    answer.kind = Answer::Kind::kNotSent;
    answer.failure = NotSent(response);
    return answer;
  }
  if (response.fate == http::Fate::kUnknown) {
    answer.failure = Broken(response);
    return answer;
  }
  Reading reading = Interpret(*sending.operation, operations_.envelope_plan(), *sending.request,
                              response, *sending.response);
  WipeString(response.body);
  for (const codec::Drift& drift : reading.drift)
    metrics_.CountDrift(NameOf(drift.kind), drift.path);
  answer.failure = std::move(reading.failure);
  answer.envelope = std::move(reading.envelope);
  if (reading.kind == Reading::Kind::kSuccess) {
    answer.kind = Answer::Kind::kSuccess;
  } else if (reading.kind == Reading::Kind::kRefused) {
    answer.kind = Answer::Kind::kRefused;
    answer.failure.outcome = v1::OUTCOME_REJECTED;
  }
  return answer;
}

std::string BodyOf(const Operation& operation, const google::protobuf::Message& request) {
  std::string body;
  if (!operation.has_body) return body;
  codec::EncodeBody(*operation.request_plan, request, body);
  return WithFixedMembers(operation, std::move(body));
}

std::string RedactedBodyOf(const Operation& operation, const google::protobuf::Message& request) {
  if (!operation.has_body) return {};
  return WithFixedMembers(operation,
                          codec::Redacted(*operation.request_plan, request, {.body_only = true}));
}

}  // namespace msp::psp
