// SPDX-License-Identifier: Apache-2.0

// A gate that a test opens: how tests hold something back without sleeping. Any thread.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "service/base/mutex.h"

namespace msp::testing {

// No wait in a test lasts longer: what has not happened by then will not happen.
inline constexpr std::chrono::seconds kWaitMax{30};

class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    opened_.NotifyAll();
  }
  // Returns once the gate is open. Ends the process when that does not happen within kWaitMax.
  void Wait() {
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    MutexLock lock(mutex_);
    while (!open_) {
      if (!opened_.WaitUntil(mutex_, until) && !open_) {
        std::fputs("Gate: nobody opened it\n", stderr);
        std::abort();
      }
    }
  }

 private:
  Mutex mutex_;
  CondVar opened_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::testing
