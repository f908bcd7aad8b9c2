// SPDX-License-Identifier: Apache-2.0

// The program `msp`, run inside a test.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/run.h"

namespace msp::cli::testing {

struct Outcome {
  int exit;
  std::string out;
  std::string err;
  std::vector<std::int64_t> pauses;  // None of them is slept.
};

inline Outcome RunAt(const std::string& server, const std::vector<std::string>& words,
                     const std::string& input = "", std::int64_t unix_time_s = 0) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::int64_t> pauses;
  Surroundings surroundings{.in = in,
                            .out = out,
                            .err = err,
                            .server = server,
                            .pause = [&](std::int64_t ms) { pauses.push_back(ms); },
                            .unix_time_s = [=] { return unix_time_s; }};
  const int exit = Run(words, surroundings);
  return {exit, out.str(), err.str(), pauses};
}

}  // namespace msp::cli::testing
