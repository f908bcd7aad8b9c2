// The program `msp`, with its surroundings passed in so that tests can run it.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace msp::cli {

struct Surroundings {
  std::istream& in;
  std::ostream& out;  // Replies, and nothing else.
  std::ostream& err;
  std::string server;  // The environment's address; may be empty.
};

// Runs one command line, without the program's name; returns the exit code.
int Run(const std::vector<std::string>& words, Surroundings& surroundings);

}  // namespace msp::cli
