// SPDX-License-Identifier: Apache-2.0

// A sandbox in this process, a real msp-server before it with a webhook port, and raw sockets for
// clients that break the protocol.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "sandbox/server.h"
#include "tests/testing/server_process.h"

namespace msp::webhooks {

namespace v1 = multisafepay::v1;
using Json = nlohmann::json;

class Environment {
 public:
  explicit Environment(std::vector<std::string> arguments = {});

  // Starts another replica, or a replacement for the first one.
  std::unique_ptr<testing::ServerProcess> StartServer(std::vector<std::string> arguments) const;
  testing::ServerProcess& server() { return *server_; }
  static std::string WebhookOf(const testing::ServerProcess& server);  // "127.0.0.1:PORT"
  static std::shared_ptr<grpc::Channel> Dial(const testing::ServerProcess& server);
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  std::string webhook() const { return WebhookOf(*server_); }

  // Creates a direct order that waits for 3-D Secure and notifies this address; "" for none.
  std::string Create(const std::string& order_id, const std::string& notify) const;
  // Creates an order that this terminal collects, which notifies nobody.
  v1::Order CreateAtTerminal(const std::string& order_id, const std::string& terminal) const;
  // The sandbox's control API.
  Json Control(const std::string& path, const Json& body) const;
  void Finish3ds(const std::string& order_id, const std::string& result = "Y") const;

  // The sandbox's own counts, and of them the readings of orders.
  Json Stats() const;
  static double Gets(const Json& stats);

  // POSTs a body as MultiSafepay would; the status, or -1.
  int Post(const std::string& path, const std::string& body, const std::string& auth) const;
  // Sends bytes as they are and returns what comes back until the other side closes.
  std::string Raw(const std::string& bytes) const;
  // A connection on which only these bytes are sent.
  int Connect(const std::string& bytes = {}) const;
  // The value of a series of /metrics by its name and labels as they are written; -1 for none.
  double Metric(const std::string& series) const;

 private:
  v1::Order Create(const v1::CreateOrderRequest& request) const;

  std::unique_ptr<sandbox::Server> sandbox_;
  std::unique_ptr<testing::ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace msp::webhooks
