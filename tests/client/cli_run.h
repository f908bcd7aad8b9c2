// SPDX-License-Identifier: Apache-2.0

// The program `msp`, run inside a test.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/run.h"
#include "tests/testing/words.h"

namespace msp::cli::testing {

struct Outcome {
  int exit;
  std::string out;
  std::string err;
  std::vector<std::int64_t> pauses;  // None of them is slept.
};

// `line`: the words after `msp`, where single quotes keep blanks together.
inline Outcome RunAt(const std::string& server, const std::string& line,
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
  const int exit = Run(msp::testing::CommandLine(line), surroundings);
  return {exit, out.str(), err.str(), pauses};
}

}  // namespace msp::cli::testing
