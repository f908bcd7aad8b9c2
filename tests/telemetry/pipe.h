// SPDX-License-Identifier: Apache-2.0

// A pipe whose reader reads nothing until a test asks it to: a log that is stuck. One test thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace msp::telemetry {

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) std::abort();
  }
  ~Pipe() {
    CloseReader();
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  // Leaves no room in it; what it holds then is not a line of the log's.
  std::size_t Fill() const {
    const int flags = fcntl(ends_[1], F_GETFL);
    fcntl(ends_[1], F_SETFL, flags | O_NONBLOCK);
    std::size_t filled = 0;
    while (write(ends_[1], "x", 1) == 1) ++filled;
    fcntl(ends_[1], F_SETFL, flags);
    return filled;
  }
  // Exactly that many bytes; waits for them.
  std::string Read(std::size_t bytes) const {
    std::string text(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
      const ssize_t count = read(ends_[0], text.data() + got, bytes - got);
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
    }
    text.resize(got);
    return text;
  }
  // The next line, without its end.
  std::string ReadLine() const {
    std::string line;
    for (std::string one = Read(1); !one.empty() && one != "\n"; one = Read(1)) line += one;
    return line;
  }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_{};
};

}  // namespace msp::telemetry
