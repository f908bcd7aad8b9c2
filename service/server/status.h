// The one place where a Failure becomes a gRPC status with google.rpc details.
#pragma once

#include <grpcpp/support/status.h>

#include "service/psp/failure.h"

namespace msp::server {

grpc::Status StatusOf(const psp::Failure& failure);

// gRPC's name of a code, for logs and metrics. absl's codes are the same numbers.
inline std::string_view NameOf(grpc::StatusCode code) {
  return psp::NameOf(static_cast<absl::StatusCode>(code));
}

}  // namespace msp::server
