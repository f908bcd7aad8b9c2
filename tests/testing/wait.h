// SPDX-License-Identifier: Apache-2.0

// How tests wait for what nothing tells them of. Any thread.
#pragma once

#include <chrono>
#include <thread>

#include "tests/testing/gate.h"

namespace msp::testing {

// Asks until the condition holds, for kWaitMax at most; whether it does.
template <class Condition>
bool WaitUntil(const Condition& condition, std::chrono::milliseconds time_max = kWaitMax) {
  const auto end = std::chrono::steady_clock::now() + time_max;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace msp::testing
