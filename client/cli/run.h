// SPDX-License-Identifier: Apache-2.0

// The program `msp`, with its input and output passed in so that tests can run it.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace msp::cli {

// The address of the server, where no option names one.
inline constexpr std::string_view kServerVariable = "MSP_SERVER";

struct CommandIo {
  std::istream& in;
  std::ostream& out;  // Replies, and nothing else.
  std::ostream& err;
  std::string server;                               // The environment's address; may be empty.
  std::function<void(std::int64_t ms)> pause = {};  // Instead of a sleep; for tests.
  std::function<std::int64_t()> unix_time_s = {};   // Instead of the system's clock; for tests.
};

// Runs one command line, without the program's name; returns the exit code.
int Run(const std::vector<std::string>& words, CommandIo& io);

}  // namespace msp::cli
