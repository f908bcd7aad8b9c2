// SPDX-License-Identifier: Apache-2.0

// The way from the replica that a notification lands on to those that watch its order.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "service/payments/site.h"

namespace msp::webhooks {

// What one replica tells the others.
struct Event {
  std::string order_id;
  std::string body;  // Verified, as it came; empty: look at the order.
};

class EventPublisher {
 public:
  using Done = absl::AnyInvocable<void() &&>;
  virtual ~EventPublisher() = default;
  // `done` runs when the event has been handed over, or the failure been logged and counted: on any
  // thread, within the second that the other side is given. Any thread.
  virtual void Publish(const payments::Site& site, const Event& event, Done done) = 0;
};

}  // namespace msp::webhooks
