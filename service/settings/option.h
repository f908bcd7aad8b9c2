// SPDX-License-Identifier: Apache-2.0

// The options of a program, each defined once: name, target, range or choices, help. Arguments,
// environment, --help and the tests of documented tables use this table. The initial values of the
// targets are the defaults. Only at the start, on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace msp {

struct Option {
  // For other than plain values. An error says what the option accepts, and never repeats the text,
  // which may be a key.
  using Setter = std::function<absl::Status(std::string_view text)>;

  std::string_view name;
  std::variant<bool*, int*, std::int64_t*, std::string*, Setter> value;
  std::string_view help;
  // For a number: its range. For a text: at least `min` characters, and the choices, or empty for
  // any.
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string_view> choices;
  std::string_view standard;     // The default in words, where the target does not hold it.
  std::string_view placeholder;  // The value's name in a command line's help: "FILE".
  char letter = 0;               // "-f", where there is a short form.
  bool withdrawn = false;        // Accepted and checked, but does nothing and is not listed.

  bool is_switch() const { return std::holds_alternative<bool*>(value); }
  // An error names the option and what it accepts.
  absl::Status Set(std::string_view text) const;
  // The current value as text: "true", "30000".
  std::string Text() const;
  // "1 to 64", "auto or off"; "" for anything.
  std::string Range() const;
};

// A text for one of several values.
template <class Value>
Option Choice(std::string_view name, Value* target,
              std::vector<std::pair<std::string_view, Value>> choices, std::string_view help) {
  Option option{.name = name, .help = help};
  for (const auto& [text, value] : choices) {
    option.choices.push_back(text);
    if (value == *target) option.standard = text;
  }
  option.value = [target, choices = std::move(choices)](std::string_view text) {
    for (const auto& [words, value] : choices) {
      if (words == text) *target = value;
    }
    return absl::OkStatus();
  };
  return option;
}

// The action that the arguments request.
enum class CommandLineAction : std::uint8_t { kRun, kHelp, kVersion };

// `--name=value`, `--name value`, a bare `--name` for a switch; '-' and '_' are equal in names. An
// error names the option and the remedy: what it accepts, or the nearest option.
absl::StatusOr<CommandLineAction> ReadArguments(const std::vector<Option>& options, int argc,
                                                const char* const* argv);
// MSP_NAME for each option, and an error for an MSP_ variable that is none.
absl::Status ReadEnvironment(const std::vector<Option>& options);

// The option with this name, without dashes; null when there is none.
const Option* FindOption(const std::vector<Option>& options, std::string_view name);

// The options for --help: two lines each, name and default, help and range.
std::string HelpOf(const std::vector<Option>& options);

}  // namespace msp
