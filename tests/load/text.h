// SPDX-License-Identifier: Apache-2.0

// Figures as text. One thread.
#pragma once

#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"

namespace msp::load {

// A text with numbers in it, and a line of figures that is no claim.
template <class... Args>
std::string Text(const absl::FormatSpec<Args...>& format, const Args&... numbers) {
  return absl::StrFormat(format, numbers...);
}

inline void Say(const std::string& figures) { std::printf("  %s\n", figures.c_str()); }

}  // namespace msp::load
