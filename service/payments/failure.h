// SPDX-License-Identifier: Apache-2.0

// The error of a call for its caller. A value, built in service/payments/ and turned into a gRPC
// status in one place, service/rpc/status.cc. Carries no card data: texts from outside are
// redacted before they get here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/order.pb.h"
#include "service/codec/check.h"

namespace msp::payments {

// The wait that a caller gets where MultiSafepay gives none.
inline constexpr std::int64_t kRetryAfterMs = 1'000;

using multisafepay::v1::Outcome;

// The domains of google.rpc.ErrorInfo: MultiSafepay's errors, and ours.
inline constexpr std::string_view kRemoteDomain = "multisafepay.com";
inline constexpr std::string_view kOwnDomain = "multisafepay-grpc";

// Our own reasons. Callers switch on them: they are an interface.
namespace reason {
inline constexpr std::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr std::string_view kNotSent = "NOT_SENT";
inline constexpr std::string_view kOverloaded = "OVERLOADED";
inline constexpr std::string_view kShuttingDown = "SHUTTING_DOWN";
inline constexpr std::string_view kDeadlineTooShort = "DEADLINE_TOO_SHORT";
inline constexpr std::string_view kCallerGone = "CALLER_GONE";
inline constexpr std::string_view kOutcomeUnknown = "OUTCOME_UNKNOWN";
inline constexpr std::string_view kUpstreamMalformed = "UPSTREAM_MALFORMED";
inline constexpr std::string_view kUpstreamMismatch = "UPSTREAM_MISMATCH";
inline constexpr std::string_view kUpstreamUnavailable = "UPSTREAM_UNAVAILABLE";
inline constexpr std::string_view kAnswerTooLarge = "ANSWER_TOO_LARGE";
inline constexpr std::string_view kUpstreamTimeout = "UPSTREAM_TIMEOUT";
inline constexpr std::string_view kRateLimited = "RATE_LIMITED";
inline constexpr std::string_view kTokenNotFound = "TOKEN_NOT_FOUND";
inline constexpr std::string_view kNotDone = "NOT_DONE";
inline constexpr std::string_view kUnknownSite = "UNKNOWN_SITE";
inline constexpr std::string_view kSiteForbidden = "SITE_FORBIDDEN";
inline constexpr std::string_view kSiteLimit = "SITE_LIMIT";
}  // namespace reason

struct Failure {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string message;
  std::string_view domain = kOwnDomain;
  std::string reason;
  // OUTCOME_UNSPECIFIED where no money could move: a failed read.
  Outcome outcome = multisafepay::v1::OUTCOME_UNSPECIFIED;
  // MultiSafepay's own code and the HTTP status it came with; 0 when there was none.
  int error_code = 0;
  int http_status = 0;
  std::string order_id;
  std::string idempotency_key;
  // The order as last read when the outcome stayed unknown or was undone; null when it was not
  // read.
  std::shared_ptr<const multisafepay::v1::Order> order;
  std::vector<codec::Violation> violations;
  // Milliseconds after which the same call may be sent again; -1 unless it was provably not sent,
  // or MultiSafepay rejected it unprocessed (HTTP 429).
  std::int64_t retry_after_ms = -1;

  bool is_rate_limit() const { return reason == reason::kRateLimited; }
};

// INVALID_ARGUMENT that names the first field and holds all violations; at least one.
Failure InvalidRequest(std::vector<codec::Violation> violations);

// A call that was not sent because its caller had gone.
Failure CallerGone();

// gRPC's name of a code, for logs and metrics: "OK", "INVALID_ARGUMENT".
std::string_view NameOf(absl::StatusCode code);

// An outcome without its prefix: "UNKNOWN"; "" for the unspecified one.
std::string_view NameOf(Outcome outcome);

}  // namespace msp::payments
