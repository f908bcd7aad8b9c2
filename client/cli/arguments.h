// SPDX-License-Identifier: Apache-2.0

// The parsed command line: the command, the flags of every command, and the request's own flags and
// positions. Nothing is read or sent here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/commands.h"
#include "client/cli/fields.h"
#include "client/cpp/client.h"
#include "service/settings/option.h"

namespace msp::cli {

enum class Output : std::uint8_t { kJson, kTable };

struct Globals {
  client::ChannelOptions channel;
  std::string site;
  std::optional<std::int64_t> timeout_ms;
  Output output = Output::kJson;
  std::string file;  // Of the request; "-" is standard input; empty: none.
  bool help = false;
  bool version = false;
};

struct FieldValue {
  FieldFlag flag;
  std::string text;
};

struct Arguments {
  Globals globals;
  std::string words;                 // As far as they were given: "order".
  const Command* command = nullptr;  // Null for a group, when help or nothing was asked.
  std::vector<std::string> positionals;
  std::vector<FieldValue> fields;
  std::map<std::string, std::string, std::less<>>
      command_flags;  // The command's own flags by name.
};

// `server` is the address from the environment, or empty. An error is one line for the user.
absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words,
                                         std::string_view server);

// The flags that every command has.
std::vector<Option> OptionsOf(Globals& globals);

}  // namespace msp::cli
