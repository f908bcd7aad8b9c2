// SPDX-License-Identifier: Apache-2.0

// The claims of a run, printed as they are settled, and the line with their counts at its end. One
// thread.
#pragma once

#include <cstdio>
#include <string>

namespace msp::testing {

class Report {
 public:
  void Check(bool passed, const std::string& claim) {
    ++(passed ? passed_ : failed_);
    std::printf("%s  %s\n", passed ? "ok    " : "FAILED", claim.c_str());
  }
  // Prints the counts; returns the exit code.
  int Print() const {
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace msp::testing
