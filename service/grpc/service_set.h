// SPDX-License-Identifier: Apache-2.0

// What a server serves besides health and reflection: the product's services implement it
// (service/rpc/services.h).
#pragma once

#include <grpcpp/server_builder.h>

#include <cstdint>
#include <string>
#include <vector>

#include "service/grpc/async_call.h"

namespace msp::server {

// Outlives its server. `replies_pending` may be called on any thread.
class ServiceSet {
 public:
  ServiceSet() = default;
  ServiceSet(const ServiceSet&) = delete;
  ServiceSet& operator=(const ServiceSet&) = delete;
  virtual ~ServiceSet() = default;

  // The full names of the services, for health and reflection.
  virtual std::vector<std::string> Names() const = 0;
  virtual void Register(grpc::ServerBuilder& builder) = 0;
  // Arms every method; once for each queue, when the server has started.
  virtual void Serve(CallQueue& queue) = 0;
  // Unary calls that have arrived and whose reply was not sent yet: a stop at 0 loses no reply.
  virtual std::int64_t replies_pending() const = 0;
};

}  // namespace msp::server
