// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/error.h"

#include <array>
#include <charconv>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace msp::client {
namespace {

namespace v1 = multisafepay::v1;

// The domains of the service's own ErrorInfo; one from a proxy proves nothing.
constexpr std::string_view kRemoteDomain = "multisafepay.com";
constexpr std::string_view kOwnDomain = "multisafepay-grpc";

constexpr std::string_view kOutcomePrefix = "OUTCOME_";

constexpr std::array<std::string_view, 17> kCodeNames{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

std::string_view Lookup(const google::rpc::ErrorInfo& info, const char* key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? std::string_view() : std::string_view(found->second);
}

int NumberIn(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

v1::Outcome OutcomeIn(std::string_view name) {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  v1::Outcome_Parse(std::string(kOutcomePrefix).append(name), &outcome);
  return outcome;
}

void Take(const google::rpc::ErrorInfo& info, Error& error) {
  if (info.domain() != kRemoteDomain && info.domain() != kOwnDomain) return;
  error.from_service = true;
  error.reason = info.reason();
  error.domain = info.domain();
  error.outcome = OutcomeIn(Lookup(info, "outcome"));
  error.error_code = NumberIn(Lookup(info, "error_code"));
  error.http_status = NumberIn(Lookup(info, "http_status"));
  error.order_id = Lookup(info, "order_id");
}

void Take(const google::rpc::BadRequest& bad, Error& error) {
  for (const auto& violation : bad.field_violations()) {
    error.violations.push_back({violation.field(), violation.description()});
  }
}

void Take(const google::rpc::RetryInfo& retry, Error& error) {
  const auto& delay = retry.retry_delay();
  error.retry_after_ms = delay.seconds() * 1000 + delay.nanos() / 1'000'000;
}

template <class Detail>
void TakeIf(const google::protobuf::Any& any, Error& error) {
  Detail detail;
  if (any.Is<Detail>() && any.UnpackTo(&detail)) Take(detail, error);
}

}  // namespace

Error ReadError(const grpc::Status& status, bool moves_money) {
  Error error{.code = status.error_code(), .message = status.error_message()};
  google::rpc::Status detailed;
  // Details of another code belong to another status: an intermediary replaced one of the two.
  if (detailed.ParseFromString(status.error_details()) &&
      detailed.code() == static_cast<int>(status.error_code())) {
    for (const auto& any : detailed.details()) {
      TakeIf<google::rpc::ErrorInfo>(any, error);
      TakeIf<google::rpc::BadRequest>(any, error);
      TakeIf<google::rpc::RetryInfo>(any, error);
    }
  }
  if (!moves_money) {
    error.outcome = v1::OUTCOME_UNSPECIFIED;
  } else if (error.outcome == v1::OUTCOME_UNSPECIFIED) {
    error.outcome = v1::OUTCOME_UNKNOWN;
  }
  // Honouring a RetryInfo that is not the service's could charge twice.
  if (!error.from_service || error.outcome == v1::OUTCOME_UNKNOWN) error.retry_after_ms.reset();
  return error;
}

std::string_view NameOf(grpc::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < kCodeNames.size() ? kCodeNames[index] : "UNKNOWN";
}

std::string_view NameOf(v1::Outcome outcome) {
  if (outcome == v1::OUTCOME_UNSPECIFIED) return {};
  const std::string_view name = v1::Outcome_Name(outcome);
  return name.substr(std::min(name.size(), kOutcomePrefix.size()));
}

}  // namespace msp::client
