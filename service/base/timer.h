// SPDX-License-Identifier: Apache-2.0

// Runs closures at a later time, on its own thread. For rare cases only: backoff between lookups,
// deadlines of joined calls. Closures must not block.
//
// Owned by main; any thread may add. Destruction drops pending closures.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/base/task.h"

namespace msp {

class Timer {
 public:
  using Clock = std::chrono::steady_clock;
  using Closure = absl::AnyInvocable<void() &&>;

  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void At(Clock::time_point when, Closure closure);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::multimap<Clock::time_point, Closure> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// A wait of a coroutine, which `owner` keeps alive.
inline Callback<bool> Until(Timer& timer, std::shared_ptr<void> owner,
                            Timer::Clock::time_point when) {
  return {std::move(owner), [&timer, when](Callback<bool>::Done done) {
            timer.At(when, [done = std::move(done)]() mutable { std::move(done)(true); });
          }};
}

}  // namespace msp
