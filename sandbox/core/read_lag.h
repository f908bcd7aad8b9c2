// SPDX-License-Identifier: Apache-2.0

// The stale version of an order that GET shows while reads lag behind writes.
//
// Owned by `Platform`, which records each version of an order and asks for the visible one. The lag
// is an order's own and does not change: a later GET never shows an older version. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "sandbox/core/order.h"

namespace msp::sandbox {

class ReadLag {
 public:
  // Lags are spread evenly between the two, by the seed; 0 and 0 is none.
  ReadLag(std::int64_t min_ms, std::int64_t max_ms, std::uint64_t seed)
      : min_ms_(min_ms), max_ms_(max_ms), seed_(seed) {}

  bool enabled() const { return max_ms_ > 0; }
  // The order numbered `seq` reads so from now on.
  void Record(std::uint64_t seq, std::int64_t now_ms, Json version);
  // The version that GET shows; null while there is none.
  const Json* Visible(std::uint64_t seq, std::int64_t now_ms) const;
  void Erase(std::uint64_t seq) { versions_.erase(seq); }
  void Clear() { versions_.clear(); }

 private:
  struct Version {
    std::int64_t since_ms;
    Json order;
  };
  std::int64_t LagMs(std::uint64_t seq) const;

  const std::int64_t min_ms_;
  const std::int64_t max_ms_;
  const std::uint64_t seed_;
  std::unordered_map<std::uint64_t, std::deque<Version>> versions_;  // The newest last.
};

}  // namespace msp::sandbox
