// Server reflection v1, from the generated pool. gRPC 1.51 brings v1alpha only; newer tools ask for
// v1 first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/impl/service_type.h>

namespace msp::server {

// A service to register with the builder; `services` are the full names that it lists.
std::unique_ptr<grpc::Service> MakeReflectionV1(std::vector<std::string> services);

}  // namespace msp::server
