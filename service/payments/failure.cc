// SPDX-License-Identifier: Apache-2.0

#include "service/payments/failure.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace msp::payments {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

Failure InvalidRequest(std::vector<codec::Violation> violations) {
  const codec::Violation& first = violations.front();
  Failure failure{.code = absl::StatusCode::kInvalidArgument,
                  .message = absl::StrCat(first.field, ": ", first.description),
                  .reason = std::string(reason::kInvalidRequest)};
  if (violations.size() > 1)
    absl::StrAppend(&failure.message, " (and ", violations.size() - 1, " more)");
  failure.violations = std::move(violations);
  return failure;
}

Failure CallerGone() {
  return {.code = absl::StatusCode::kCancelled,
          .message =
              "the caller cancelled, or its deadline passed, before the call was sent; nothing was "
              "sent",
          .reason = std::string(reason::kCallerGone),
          .outcome = multisafepay::v1::OUTCOME_NOT_SENT};
}

std::string_view NameOf(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  if (index >= kCodeNames.size()) return "UNKNOWN";
  return kCodeNames[index];
}

std::string_view NameOf(Outcome outcome) {
  constexpr std::string_view kPrefix = "OUTCOME_";
  if (outcome == multisafepay::v1::OUTCOME_UNSPECIFIED) return {};
  const std::string_view name = multisafepay::v1::Outcome_Name(outcome);
  return name.substr(kPrefix.size());
}

}  // namespace msp::payments
