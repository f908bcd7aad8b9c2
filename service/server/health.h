// grpc.health.v1.Health: whether calls may come, for the server ("") and for each name that was
// set. Does as gRPC's own service does, which would bring threads of its own (slot.h).
//
// Owned by Server. Served on the queue's threads; any thread may set.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <string>
#include <vector>

#include "service/server/slot.h"

namespace msp::server {

class Health {
 public:
  Health();
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // To register with the builder.
  grpc::Service& service();
  // Arms both methods; called once the server has started. `slots` outlive the calls.
  void Serve(Slots& slots);

  // Tells those who watch the names, where it is a change. The names change together: whoever heard
  // of one finds the others so too. Names that were never set are unknown: NOT_FOUND to those who
  // ask, SERVICE_UNKNOWN to those who watch.
  void Set(const std::vector<std::string>& names, bool serving);
  // Ends every watch, and each new one at once: the server is about to go.
  void End();

 private:
  struct Served;
  class Check;
  class Watch;
  const std::unique_ptr<Served> served_;
};

}  // namespace msp::server
