// SPDX-License-Identifier: Apache-2.0

// The options of the order watch registry, and what all of its subscriptions share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "service/webhooks/counters.h"
#include "service/webhooks/push_source.h"

namespace msp::webhooks {

struct OrderWatchOptions {
  std::int64_t watchers_max = 10'000;
  // The first wait between two reads of an open order; it doubles up to poll_max_ms.
  std::int64_t poll_first_ms = 5'000;
  std::int64_t poll_max_ms = 300'000;
  // How long a stream stays open in a state that is likely, not certainly, final.
  std::int64_t quiet_ms = 5'000;
  // How long a read may lag behind: twice --settle_ms.
  std::int64_t settle_ms = 4'000;
};

// Owned by the registry.
struct OrderWatchDependencies {
  const OrderWatchOptions options;
  Counters& counters;
  const std::function<std::chrono::steady_clock::time_point()> now;
  PushSource* push_source = nullptr;  // Null for none.
};

}  // namespace msp::webhooks
