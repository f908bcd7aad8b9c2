// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/retries.h"

#include <string_view>

#include "multisafepay/v1/options.pb.h"
#include "multisafepay/v1/services.h"

namespace msp::client {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

constexpr std::string_view kHealthService = "grpc.health.v1.Health";

constexpr std::string_view kRetryPolicy =
    R"("initialBackoff":"0.1s","maxBackoff":"1s","backoffMultiplier":2,)"
    R"("retryableStatusCodes":["UNAVAILABLE"])";

void AppendNames(const pb::ServiceDescriptor& service, std::string& names) {
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    if (RepeatOf(method) != Repeat::kFreely) continue;
    if (!names.empty()) names += ',';
    names += R"({"service":")" + service.full_name() + R"(","method":")" + method.name() + R"("})";
  }
}

}  // namespace

Repeat RepeatOf(const pb::MethodDescriptor& method) {
  if (method.service()->full_name() == kHealthService) return Repeat::kFreely;
  switch (method.options().GetExtension(v1::retry)) {
    case v1::RETRY_READ:
      return Repeat::kFreely;
    case v1::RETRY_IDEMPOTENT:
      return Repeat::kIdempotent;
    default:
      return Repeat::kByPolicy;
  }
}

std::string ServiceConfig(int attempts_max) {
  if (attempts_max < 2) return "{}";
  std::string names;
  for (const pb::FileDescriptor* file : v1::ServiceFiles()) {
    for (int i = 0; i < file->service_count(); ++i) AppendNames(*file->service(i), names);
  }
  std::string config = R"({"methodConfig":[{"name":[)" + names;
  config += R"(],"retryPolicy":{"maxAttempts":)" + std::to_string(attempts_max) + ",";
  config.append(kRetryPolicy) += "}}]}";
  return config;
}

}  // namespace msp::client
