// SPDX-License-Identifier: Apache-2.0

// Who is told about an order: a stream, seen from the event core.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "service/payments/failure.h"
#include "service/webhooks/order_event.h"

namespace msp::webhooks {

// The core calls one at a time, with its lock held: an implementation must neither block nor call
// back. None is called once `OrderWatchRegistry::Leave` has returned.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // The order's state now. What has not been written yet of an earlier one may be dropped.
  virtual void Notify(const State& state, Cause cause) = 0;
  // A sign of life.
  virtual void Beat() = 0;
  // Nothing follows. Without a failure the order has come to its end.
  virtual void End(std::optional<payments::Failure> failure) = 0;
};

struct WatchRequest {
  std::string site;
  std::string order_id;  // The order's own, or MultiSafepay's id of its payment.
  bool follow = false;
  std::optional<LastSent> last_sent;  // By another stream; from its resume token.
  std::int64_t heartbeat_ms = 0;
};

}  // namespace msp::webhooks
