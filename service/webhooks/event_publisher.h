// SPDX-License-Identifier: Apache-2.0

// Publishes events from the replica that received a notification to those that watch its order.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "service/payments/site.h"

namespace msp::webhooks {

// An event for the other replicas.
struct Event {
  std::string order_id;
  std::string body;  // Verified, as received; empty: read the order.
};

class EventPublisher {
 public:
  using Done = absl::AnyInvocable<void() &&>;
  virtual ~EventPublisher() = default;
  // `done` runs when the event is published, or its failure logged and counted: on any thread,
  // within Redis's time limit of one second. Any thread.
  virtual void Publish(const payments::Site& site, const Event& event, Done done) = 0;
};

}  // namespace msp::webhooks
