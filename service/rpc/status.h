// SPDX-License-Identifier: Apache-2.0

// The one place where a Failure becomes a gRPC status with google.rpc details.
#pragma once

#include <grpcpp/support/status.h>

#include "service/payments/failure.h"

namespace msp::rpc {

// Message and details fit into the metadata that clients accept by default. A longer message is
// cut, the last violations are left out, and an order is reduced or left out; ErrorInfo and
// RetryInfo are always complete.
grpc::Status StatusOf(const payments::Failure& failure);

// gRPC's name of a code, for logs and metrics. absl's codes are the same numbers.
inline std::string_view NameOf(grpc::StatusCode code) {
  return payments::NameOf(static_cast<absl::StatusCode>(code));
}

}  // namespace msp::rpc
