// SPDX-License-Identifier: Apache-2.0

// Shell completion for `msp`, written from the table of commands: words, flags, and which flags
// take a file or one of several values.
#pragma once

#include <string>
#include <string_view>

namespace msp::cli {

// The script for "bash" or "zsh"; empty for another shell. It calls no service and reads no file:
// order ids and tokens are not completed.
std::string CompletionScript(std::string_view shell);

}  // namespace msp::cli
