// Server reflection from the generated pool, v1 and v1alpha: newer tools ask for v1 first, older
// ones know the other only. gRPC 1.51 brings v1alpha alone, as a synchronous service (slot.h).
//
// Owned by Server; served on the queue's threads.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <vector>

#include "service/server/slot.h"

namespace msp::server {

class Reflection {
 public:
  // `services` are the full names that are listed, besides reflection's own.
  explicit Reflection(std::vector<std::string> services);
  ~Reflection();
  Reflection(const Reflection&) = delete;
  Reflection& operator=(const Reflection&) = delete;

  void Register(grpc::ServerBuilder& builder);
  // Called once the server has started. `slots` outlive the calls.
  void Serve(Slots& slots);

 private:
  struct Served;
  const std::unique_ptr<Served> served_;
};

}  // namespace msp::server
