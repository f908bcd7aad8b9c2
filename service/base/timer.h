// Runs closures at a later time, on one thread of its own. For the rare path only: back-off between
// looks, joined calls that run out of time. Closures must not block.
//
// Owned by main; any thread may add. Destruction drops what has not run.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"

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

}  // namespace msp
