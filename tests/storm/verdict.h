// The claims of a run, printed as they are settled, and the verdict that closes it. One thread.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <string>

namespace msp::storm {

class Verdict {
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
[[gnu::format(printf, 1, 2)]] inline std::string Text(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

inline void Say(const std::string& figures) { std::printf("  %s\n", figures.c_str()); }

}  // namespace msp::storm
