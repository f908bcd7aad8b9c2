// SPDX-License-Identifier: Apache-2.0

// A bad network between MultiSafepay and the replicas: takes each notification, and drops it,
// doubles it, holds it back or passes it on, to any replica, at random. Notifications
// of one order that are held back for different times arrive in another order.
//
// Owned by main. Threads of its own; any thread may ask.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "httplib.h"
#include "service/base/mutex.h"
#include "service/base/timer.h"

namespace msp::webhooks {

class Relay {
 public:
  Relay(std::vector<std::string> replicas, std::uint64_t seed);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::string address() const;  // "127.0.0.1:PORT"
  // Whether the order's notification of a state beyond `initialized` was dropped.
  bool Dropped(const std::string& order_id) const;

  std::atomic<int> came{0}, dropped{0}, doubled{0}, delayed{0}, refused{0};

 private:
  struct Delivery {
    std::string target;
    std::string auth;
    std::string body;
    int replica = 0;
  };
  void Take(const httplib::Request& request);
  void Deliver(const Delivery& delivery);
  void Schedule(Delivery delivery, int wait_ms);
  void DeliverQueued();
  int RandomBelow(int bound);

  const std::vector<std::string> replicas_;
  httplib::Server server_;
  int port_ = 0;
  mutable Mutex mutex_;
  CondVar changed_;
  std::uint64_t random_state_ ABSL_GUARDED_BY(mutex_);
  std::vector<Delivery> deliveries_ ABSL_GUARDED_BY(mutex_);
  std::unordered_set<std::string> lost_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Timer timer_;
  std::vector<std::thread> workers_;
  std::thread thread_;
};

}  // namespace msp::webhooks
