// grpc.health.v1.Health for the server ("") and for each name that was set. gRPC's own service
// brings threads that poll beside ours (async_call.h). Owned by Server; any thread may set.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "service/server/async_call.h"

namespace msp::server {

class Health {
 public:
  Health();
  ~Health();

  void Register(grpc::ServerBuilder& builder);
  // Arms both methods; called once the server has started. `queue` outlives the calls.
  void Serve(CallQueue& queue);
  // The names change together: a client that has seen one change sees the others too.
  void Set(const std::vector<std::string>& names, bool serving);

 private:
  struct State;
  class Check;
  class Watch;
  const std::unique_ptr<State> state_;
};

}  // namespace msp::server
