// SPDX-License-Identifier: Apache-2.0

// The command line of msp-sandbox: its options, one table.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/server.h"
#include "service/settings/option.h"

namespace msp::sandbox {

struct CommandLine {
  Options options;
  // The file for the port; empty means none.
  std::string port_file;
  // The given keys; they replace the default key.
  std::vector<Site> sites;
  bool quiet = false;
};

// In the order of --help; they set `line`.
std::vector<Option> OptionsOf(CommandLine& line);

// See ReadArguments.
absl::StatusOr<CommandLineAction> ParseFlags(int argc, const char* const* argv, CommandLine* line);

// What `--help` prints.
std::string HelpText();

}  // namespace msp::sandbox
