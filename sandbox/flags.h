// The command line of msp-sandbox: one table of flags that parses, checks and explains.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sandbox/server.h"

namespace msp::sandbox {

struct CommandLine {
  Options options;
  // Where the port is written once it is known; empty means nowhere.
  std::string port_file;
  // Keys given; they take the place of the default one.
  std::vector<Site> sites;
  bool quiet = false;
  bool help = false;
};

// `--name=value` or `--name value`; a bare `--name` sets a switch; '_' and '-' are the same in
// names. An error names the flag.
absl::Status ParseFlags(const std::vector<std::string>& arguments, CommandLine* line);

// What `--help` prints.
std::string HelpText();

}  // namespace msp::sandbox
