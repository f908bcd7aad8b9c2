// Server reflection from the generated pool, v1 and v1alpha: newer tools ask for v1 first, older
// ones know the other only. gRPC 1.51 brings v1alpha alone, with threads of its own (async_call.h).
// Owned by Server.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "service/server/async_call.h"

namespace msp::server {

class Reflection {
 public:
  // `services` are the full names that are listed, besides reflection's own.
  explicit Reflection(std::vector<std::string> services);
  ~Reflection();

  void Register(grpc::ServerBuilder& builder);
  // Called once the server has started. `queue` outlives the calls.
  void Serve(CallQueue& queue);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace msp::server
