// SPDX-License-Identifier: Apache-2.0

// What says, besides notifications, that a watched order has changed. The event core calls with its
// lock held: an implementation must neither block nor call back. It answers by
// `OrderWatchRegistry::NotifyPushed`.
#pragma once

#include <string>

namespace msp::webhooks {

class PushSource {
 public:
  virtual ~PushSource() = default;
  // The order is watched and open. Called with each state that was read; the first time counts,
  // unless the source did not know how to until now.
  virtual void Follow(const std::string& site, const std::string& order_id) = 0;
  // Nobody watches it any more, or it has come to its end. Once for each order that was followed.
  virtual void Unfollow(const std::string& site, const std::string& order_id) = 0;
};

}  // namespace msp::webhooks
