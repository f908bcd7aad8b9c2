// The way from the replica that a notification lands on to those that watch its order.
#pragma once

#include <string>
#include <string_view>

#include "service/psp/site.h"

namespace msp::notify {

// What one replica tells the others.
struct Event {
  std::string order_id;
  std::string body;  // Verified, as it came; empty: look at the order.
};

class Bus {
 public:
  virtual ~Bus() = default;
  // Returns when the event has been handed over, or the failure been logged and counted. Any
  // thread; may block for as long as the other side is given to answer.
  virtual void Publish(const psp::Site& site, const Event& event) = 0;
};

}  // namespace msp::notify
