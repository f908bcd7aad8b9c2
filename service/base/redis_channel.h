// SPDX-License-Identifier: Apache-2.0

// Listens to one channel of Redis on a thread of its own, for as long as it lives. When Redis is
// gone, or says nothing to a PING, the connection is made anew, with back-off: what was published
// meanwhile is lost, and the callbacks are told so.
//
// Owned by main. Both closures run on its thread and must not block for long.
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
  // Until the connection fails, or it is to stop.
  void Listen(redisContext& context);
  // Hands out what has arrived; false when the connection is no more.
  bool ReadMessages(redisContext& context);

  const RedisAddress address_;
  const std::string channel_;
  const Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  bool subscribed_ = false;  // The thread's own.
  std::thread thread_;
};

}  // namespace msp
