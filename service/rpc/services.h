// SPDX-License-Identifier: Apache-2.0

// The gRPC services and their served methods: one line per RPC.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "service/grpc/service_set.h"
#include "service/payments/operation.h"
#include "service/rpc/calls.h"
#include "service/rpc/notification_services.h"

namespace msp::rpc {

class Services final : public server::ServiceSet {
 public:
  // `notification_services` may be null: then the calls about notifications are not served. All
  // outlive this.
  Services(const payments::Operations& operations, Calls& calls,
           const NotificationServices* notification_services);
  ~Services() override;

  std::vector<std::string> Names() const override;
  void Register(grpc::ServerBuilder& builder) override;
  void Serve(server::CallQueue& queue) override;
  std::int64_t replies_pending() const override { return calls_.replies_pending(); }

 private:
  struct Served;
  const payments::Operations& operations_;
  Calls& calls_;
  std::unique_ptr<Served> served_;
};

}  // namespace msp::rpc
