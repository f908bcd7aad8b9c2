// SPDX-License-Identifier: Apache-2.0

// How long a stream waits before it reconnects. Pure; any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace msp::event_streams {

struct ReconnectReasons {
  int failures = 1;  // Consecutive connections that failed or ended early, including this one.
  std::optional<std::int64_t> retry_ms;  // The wait that the stream requested.
  std::int64_t retry_after_s = 0;        // Of the answer's Retry-After; 0 for none.
};

// The bounds of the wait that the stream requested, and its default.
inline constexpr std::int64_t kReconnectMs_min = 500, kReconnectMs = 2'000,
                              kReconnectMs_max = 30'000;
// Doubled with each failure, up to here.
inline constexpr std::int64_t kBackoffMs_max = 60'000;
// A Retry-After counts up to here.
inline constexpr std::int64_t kRetryAfterS_max = 300;

// `jitter` in [0, 1) adds up to half, so that streams that broke together reconnect at different
// times, and none earlier than requested.
inline std::chrono::milliseconds ReconnectDelay(const ReconnectReasons& reasons, double jitter) {
  std::int64_t wait_ms =
      std::clamp(reasons.retry_ms.value_or(kReconnectMs), kReconnectMs_min, kReconnectMs_max);
  wait_ms = std::min(wait_ms << std::clamp(reasons.failures - 1, 0, 16), kBackoffMs_max);
  wait_ms = std::max(wait_ms,
                     std::clamp<std::int64_t>(reasons.retry_after_s, 0, kRetryAfterS_max) * 1'000);
  return std::chrono::milliseconds(
      wait_ms + static_cast<std::int64_t>(static_cast<double>(wait_ms) / 2 * jitter));
}

}  // namespace msp::event_streams
