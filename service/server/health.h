// grpc.health.v1.Health for the server ("") and for each name that was set. gRPC's own service is
// made of callbacks, which brings threads that poll our connections too: a fifth more CPU a call.
// Owned by Server; any thread may set.
#pragma once

#include <grpcpp/server_builder.h>

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/server/async_call.h"

namespace msp::server {

class Health {
 public:
  void Register(grpc::ServerBuilder& builder) { builder.RegisterService(&service_); }
  // Arms both methods; called once the server has started. `queue` outlives the calls.
  void Serve(CallQueue& queue);
  // The names change together: a client that has seen one change sees the others too.
  void Set(const std::vector<std::string>& names, bool serving);

 private:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  class Check;
  class Watch;

  Status StatusOf(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::health::v1::Health::AsyncService service_;
  Mutex mutex_;  // Held while watches are notified: each gets the changes in their order.
  std::map<std::string, bool> serving_ ABSL_GUARDED_BY(mutex_){{"", true}};
  std::unordered_set<Watch*> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::server
