// SPDX-License-Identifier: Apache-2.0

#include "service/base/timer.h"

#include <utility>

namespace msp {

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Timer::At(Clock::time_point when, Closure closure) {
  {
    MutexLock lock(mutex_);
    waiting_.emplace(when, std::move(closure));
  }
  changed_.NotifyOne();
}

void Timer::Run() {
  while (true) {
    Closure due;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (waiting_.empty() || waiting_.begin()->first > Clock::now())) {
        if (waiting_.empty()) {
          changed_.Wait(mutex_);
        } else {
          changed_.WaitUntil(mutex_, waiting_.begin()->first);
        }
      }
      if (stopping_) return;
      due = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
    }
    std::move(due)();
  }
}

}  // namespace msp
