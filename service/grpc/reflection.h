// SPDX-License-Identifier: Apache-2.0

// Server reflection from the generated pool, v1 and v1alpha: newer tools try v1 first, older ones
// only have v1alpha. gRPC 1.51 has only v1alpha, with its own threads (async_call.h). Owned by
// Server.
#pragma once

#include <string>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "service/grpc/async_call.h"

namespace msp::server {

class Reflection {
 public:
  // `services` are the full names that are listed, besides reflection's own.
  explicit Reflection(std::vector<std::string> services);
  void Register(grpc::ServerBuilder& builder) {
    builder.RegisterService(&v1_).RegisterService(&v1alpha_);
  }
  void Serve(CallQueue& queue);

 private:
  std::vector<std::string> services_;
  grpc::reflection::v1::ServerReflection::AsyncService v1_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService v1alpha_;
};

}  // namespace msp::server
