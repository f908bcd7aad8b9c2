// SPDX-License-Identifier: Apache-2.0

// Subscribes to one channel of Redis on its own thread, for its lifetime. When Redis is
// unavailable, or does not answer a PING, it reconnects with backoff: what was published meanwhile
// is lost, and on_connection_change reports it.
//
// Owned by main. Both callbacks run on its thread and must not block for long.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "service/base/redis.h"

namespace msp {

class RedisChannel {
 public:
  struct Callbacks {
    std::function<void(std::string_view payload)> on_message;
    std::function<void(bool connected)> on_connection_change;  // At each change.
  };

  RedisChannel(RedisAddress address, std::string channel, Callbacks callbacks);
  ~RedisChannel();
  RedisChannel(const RedisChannel&) = delete;
  RedisChannel& operator=(const RedisChannel&) = delete;

 private:
  void Run();
  // Returns when the connection fails or at a stop.
  void Listen(redisContext& context);
  // Delivers what has arrived; false when the connection is broken.
  bool ReadMessages(redisContext& context);

  const RedisAddress address_;
  const std::string channel_;
  const Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  bool subscribed_ = false;  // Only for the thread.
  std::thread thread_;
};

}  // namespace msp
