// SPDX-License-Identifier: Apache-2.0

// A watcher of an order: the interface of a stream to the order watch registry.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "service/payments/failure.h"
#include "service/webhooks/order_event.h"

namespace msp::webhooks {

// The registry makes one call at a time, with its lock held: an implementation must neither block
// nor call back. No call comes once `OrderWatchRegistry::Leave` has returned.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // The order's current state. An earlier state that is not written yet may be dropped.
  virtual void SendState(const OrderState& state, Cause cause) = 0;
  // A heartbeat is due.
  virtual void SendHeartbeat() = 0;
  // The last call. Without a failure the order has ended.
  virtual void End(std::optional<payments::Failure> failure) = 0;
};

struct WatchRequest {
  std::string site;
  std::string order_id;  // The order's own, or MultiSafepay's id of its payment.
  bool follow = false;
  std::optional<LastSent> last_sent;  // By an earlier stream; from its resume token.
  std::int64_t heartbeat_ms = 0;
};

}  // namespace msp::webhooks
