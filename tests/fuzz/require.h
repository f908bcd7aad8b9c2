// SPDX-License-Identifier: Apache-2.0

// What a fuzz target states about its input: a property that does not hold ends the program, and
// libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace msp::fuzz {

inline void Require(bool holds, const char* property, std::string_view detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s %.*s\n", property, static_cast<int>(detail.size()),
               detail.data());
  std::abort();
}

}  // namespace msp::fuzz
