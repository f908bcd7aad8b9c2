// SPDX-License-Identifier: Apache-2.0

// Runs the order watch registry in real time: one thread that sleeps until something is due.
#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/webhooks/order_watch_registry.h"

namespace msp::webhooks {

class TimerThread {
 public:
  explicit TimerThread(OrderWatchRegistry& registry);
  ~TimerThread();
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

 private:
  void Run();

  OrderWatchRegistry& registry_;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace msp::webhooks
