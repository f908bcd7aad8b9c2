// SPDX-License-Identifier: Apache-2.0

// Quick random numbers for jitter and sampling; nothing secret (see hash.h for that). Any thread.
#pragma once

#include <cstdint>

namespace msp {

// Uniform in [0, bound); 0 for a bound of 0.
std::uint64_t RandomBelow(std::uint64_t bound);

}  // namespace msp
