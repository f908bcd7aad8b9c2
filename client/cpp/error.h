// SPDX-License-Identifier: Apache-2.0

// The error of a failed call, parsed from its status and the google.rpc details in the trailer.
// Plain values; any thread.
#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "multisafepay/v1/control.pb.h"

namespace msp::client {

// One rejected field of the request.
struct Violation {
  std::string field;        // "gateway_info.card_number"
  std::string description;  // Never the value.
};

// The client's own reason if no connection to the service was made.
inline constexpr std::string_view kNotConnected = "NOT_CONNECTED";

struct Error {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  std::string message;
  // "OUTCOME_UNKNOWN", "MSP_1006"; empty for gRPC's own status, which proves nothing about the
  // payment.
  std::string reason;
  std::string domain;  // Who defines the reason: "multisafepay.com" or "multisafepay-grpc".
  // The outcome of a call that moves money; OUTCOME_UNSPECIFIED for all others. A status without
  // one is OUTCOME_UNKNOWN: a lost connection does not determine the payment's outcome.
  multisafepay::v1::Outcome outcome = multisafepay::v1::OUTCOME_UNSPECIFIED;
  int error_code = 0;   // MultiSafepay's own code; 0 if absent.
  int http_status = 0;  // MultiSafepay's HTTP status; 0 without an answer.
  std::string order_id;
  std::vector<Violation> violations;
  // Set only if nothing was done: not sent by the service, not sent by this client, or refused by
  // MultiSafepay's rate limit. The time after which the same call may be sent again.
  std::optional<std::int64_t> retry_after_ms;
  // True if the service itself reported the error: the trailer has its ErrorInfo.
  bool from_service = false;
};

// Reads a status that is not OK.
Error ReadError(const grpc::Status& status, bool moves_money);

// gRPC's name of a code, "INVALID_ARGUMENT", and an outcome without its prefix, "UNKNOWN"; the
// latter is empty for OUTCOME_UNSPECIFIED.
std::string_view NameOf(grpc::StatusCode code);
std::string_view NameOf(multisafepay::v1::Outcome outcome);

// A reply or an Error.
template <class Reply>
class [[nodiscard]] Result {
 public:
  Result(Reply reply) : content_(std::move(reply)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<Reply>(content_); }
  // Only when ok().
  const Reply& value() const { return std::get<Reply>(content_); }
  Reply& value() { return std::get<Reply>(content_); }
  // Only when not ok().
  const Error& error() const { return std::get<Error>(content_); }
  Error& error() { return std::get<Error>(content_); }

  const Reply& operator*() const { return value(); }
  const Reply* operator->() const { return &value(); }

 private:
  std::variant<Reply, Error> content_;
};

}  // namespace msp::client
