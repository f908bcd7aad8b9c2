// SPDX-License-Identifier: Apache-2.0

// The claims of a run, printed as they are settled, and the verdict that closes it. One thread.
#pragma once

#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"

namespace msp::load {

class ScenarioReport {
 public:
  void Check(bool passed, const std::string& claim) {
    ++(passed ? passed_ : failed_);
    std::printf("%s  %s\n", passed ? "ok    " : "FAILED", claim.c_str());
  }
  // The verdict line; the exit code.
  int Print() const {
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
};

// A text with numbers in it, and a line of figures that is no claim.
template <class... Args>
std::string Text(const absl::FormatSpec<Args...>& format, const Args&... numbers) {
  return absl::StrFormat(format, numbers...);
}

inline void Say(const std::string& figures) { std::printf("  %s\n", figures.c_str()); }

}  // namespace msp::load
