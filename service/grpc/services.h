// SPDX-License-Identifier: Apache-2.0

// The gRPC services and their served methods: one line per RPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "service/grpc/async_call.h"
#include "service/grpc/calls.h"
#include "service/grpc/notification_services.h"
#include "service/payments/operation.h"

namespace msp::server {

class Services {
 public:
  // `notification_services` may be null: then the calls about notifications are not served.
  explicit Services(const NotificationServices* notification_services);
  ~Services();

  // The full names of the services, for health and reflection.
  static std::vector<std::string> Names();
  void Register(grpc::ServerBuilder& builder);
  // Arms every method. Called once the server has started.
  void Serve(CallQueue& queue, const payments::Operations& operations, Calls& calls);

 private:
  struct Served;
  std::unique_ptr<Served> served_;
};

}  // namespace msp::server
