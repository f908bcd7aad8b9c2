// SPDX-License-Identifier: Apache-2.0

// A client in another language that takes the place of the C++ caller for CreateOrder, by its own
// rule. Its driver is a program that prints a ready line and takes one HTTP POST for each call. Any
// thread.
#pragma once

#include <cstdint>
#include <string>

#include "client/cpp/error.h"
#include "multisafepay/v1/order_service.pb.h"
#include "tests/testing/child_process.h"

namespace msp::chaos {

class LanguageClient {
 public:
  // `command` is a line for the shell that ends up as the driver itself.
  explicit LanguageClient(const std::string& command);

  // What the client's create_order came to at the replica `server`. A driver that fails ends the
  // run: it is no answer of the service.
  client::Result<multisafepay::v1::CreateOrderResponse> Create(
      const std::string& server, const multisafepay::v1::CreateOrderRequest& request,
      std::int64_t attempt_ms) const;

 private:
  testing::ChildProcess driver_;
  std::string listen_;
};

}  // namespace msp::chaos
