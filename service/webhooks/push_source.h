// SPDX-License-Identifier: Apache-2.0

// A source, besides notifications, of signals that a watched order has changed. The registry calls
// with its lock held: an implementation must neither block nor call back. It signals by
// `OrderWatchRegistry::OnPush`.
#pragma once

#include <string>

namespace msp::webhooks {

class PushSource {
 public:
  virtual ~PushSource() = default;
  // The order is watched and open. Called after each read; has no effect where the source already
  // follows it.
  virtual void Follow(const std::string& site, const std::string& order_id) = 0;
  // The order has no watcher any more, or has ended. Once for each followed order.
  virtual void Unfollow(const std::string& site, const std::string& order_id) = 0;
};

}  // namespace msp::webhooks
