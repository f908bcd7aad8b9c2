// SPDX-License-Identifier: Apache-2.0

// Seeded randomness; one for each order, so that an order's plan does not depend on the threads.
#pragma once

#include <cstdint>
#include <random>

namespace msp::chaos {

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : engine_(seed * 0x9e3779b97f4a7c15U + stream) {}
  // 0 to below `n`.
  std::int64_t Below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(engine_);
  }
  bool Chance(double p) { return std::uniform_real_distribution<double>(0, 1)(engine_) < p; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace msp::chaos
