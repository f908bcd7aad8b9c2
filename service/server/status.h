// The one place where a Failure becomes a gRPC status with google.rpc details.
#pragma once

#include <grpcpp/support/status.h>

#include "service/psp/failure.h"

namespace msp::server {

grpc::Status StatusOf(const psp::Failure& failure);

// gRPC's name of a code, for logs and metrics: "OK", "INVALID_ARGUMENT".
std::string_view NameOf(grpc::StatusCode code);

// An outcome without its prefix: "UNKNOWN"; "" for the unspecified one.
std::string_view NameOf(psp::Outcome outcome);

}  // namespace msp::server
