// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/timer_thread.h"

#include <algorithm>
#include <chrono>

namespace msp::webhooks {
namespace {

// The longest wait: some wait functions cannot take a clock's largest time.
constexpr std::chrono::seconds kWaitMax{60};

}  // namespace

TimerThread::TimerThread(OrderWatchRegistry& registry) : registry_(registry) {
  registry_.OnDeadlineMovedEarlier([this] {
    {
      MutexLock lock(mutex_);
      woken_ = true;
    }
    changed_.NotifyOne();
  });
  thread_ = std::thread([this] { Run(); });
}

TimerThread::~TimerThread() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void TimerThread::Run() {
  while (true) {
    const OrderWatchRegistry::Time next = registry_.RunExpired();
    const OrderWatchRegistry::Time until =
        std::min(next, OrderWatchRegistry::Clock::now() + kWaitMax);
    MutexLock lock(mutex_);
    while (!woken_ && !stopping_ && changed_.WaitUntil(mutex_, until)) {
    }
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace msp::webhooks
