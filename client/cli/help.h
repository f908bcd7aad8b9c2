// SPDX-License-Identifier: Apache-2.0

// The texts of --help, from the tables of commands and flags.
#pragma once

#include <string>
#include <string_view>

namespace msp::cli {

// For the program (""), a group ("order") or a command ("order create").
std::string HelpText(std::string_view words);

}  // namespace msp::cli
