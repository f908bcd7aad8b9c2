// SPDX-License-Identifier: Apache-2.0

// What the tests of this component share besides orders: status codes, the operations' table, and
// responses as the pool hands them over.
#pragma once

#include <ctime>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "service/http/client.h"
#include "service/payments/operation.h"
#include "tests/payments/orders.h"

namespace msp::payments {

inline constexpr auto kAborted = absl::StatusCode::kAborted;
inline constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
inline constexpr auto kExists = absl::StatusCode::kAlreadyExists;
inline constexpr auto kInternal = absl::StatusCode::kInternal;
inline constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
inline constexpr auto kNotFound = absl::StatusCode::kNotFound;
inline constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
inline constexpr auto kUnauthenticated = absl::StatusCode::kUnauthenticated;
inline constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
inline constexpr auto kUnknown = absl::StatusCode::kUnknown;

// Names the tests of a table by its rows.
inline constexpr auto kRowName = [](const auto& row) { return std::string(row.param.name); };

inline const Operations& TestOperations() {
  static const auto& operations = *new Operations();
  return operations;
}

inline http::Response ResponseOf(int status, std::string body) {
  http::Response response;
  response.outcome = http::CallOutcome::kConfirmed;
  response.status = status;
  response.date_s = std::time(nullptr);
  response.body = std::move(body);
  response.body.reserve(response.body.size() + http::kBodyPadding);
  return response;
}

}  // namespace msp::payments
