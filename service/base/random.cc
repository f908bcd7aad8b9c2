// SPDX-License-Identifier: Apache-2.0

#include "service/base/random.h"

#include <random>

namespace msp {

std::uint64_t RandomBelow(std::uint64_t bound) {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return bound == 0 ? 0 : std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(generator);
}

}  // namespace msp
