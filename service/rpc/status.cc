// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/status.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/codec/redact_text.h"

namespace msp::rpc {
namespace {

google::rpc::ErrorInfo InfoOf(const payments::Failure& failure) {
  google::rpc::ErrorInfo info;
  info.set_reason(failure.reason);
  info.set_domain(std::string(failure.domain));
  auto& metadata = *info.mutable_metadata();
  if (failure.error_code != 0) metadata["error_code"] = std::to_string(failure.error_code);
  if (failure.http_status != 0) metadata["http_status"] = std::to_string(failure.http_status);
  if (!failure.order_id.empty()) metadata["order_id"] = codec::RedactedIfCard(failure.order_id);
  if (!failure.idempotency_key.empty()) {
    metadata["idempotency_key"] = codec::RedactedIfCard(failure.idempotency_key);
  }
  if (const std::string_view outcome = payments::NameOf(failure.outcome); !outcome.empty()) {
    metadata["outcome"] = std::string(outcome);
  }
  return info;
}

google::rpc::BadRequest BadRequestOf(const payments::Failure& failure) {
  google::rpc::BadRequest bad;
  for (const codec::Violation& violation : failure.violations) {
    auto& field = *bad.add_field_violations();
    field.set_field(violation.field);
    field.set_description(violation.description);
  }
  return bad;
}

google::rpc::RetryInfo RetryInfoOf(const payments::Failure& failure) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(failure.retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(
      static_cast<std::int32_t>(failure.retry_after_ms % 1000 * 1'000'000));
  return retry;
}

}  // namespace

grpc::Status StatusOf(const payments::Failure& failure) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(failure.code));
  status.set_message(failure.message);
  status.add_details()->PackFrom(InfoOf(failure));
  if (!failure.violations.empty()) status.add_details()->PackFrom(BadRequestOf(failure));
  if (failure.order != nullptr) status.add_details()->PackFrom(*failure.order);
  if (failure.retry_after_ms >= 0) status.add_details()->PackFrom(RetryInfoOf(failure));
  // absl's codes and gRPC's are the same numbers.
  return {static_cast<grpc::StatusCode>(failure.code), failure.message, status.SerializeAsString()};
}

}  // namespace msp::rpc
