// The server's options, each written once: name, target, range or choices, help. The environment
// variable, --help, --check and the tests of README's table and of the chart's schema follow from
// that table; defaults are what a fresh Config holds. At the start alone, on one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "service/config.h"

namespace msp {

struct Option {
  std::string_view name;
  // A member of the Config that the options were made for, which they set.
  std::variant<bool*, int*, std::int64_t*, std::string*> value;
  std::string_view help;
  // Of a number: what it may be. Of a text: all that it may be; empty: anything.
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string_view> choices;

  // An error names the option, and what it takes.
  absl::Status Set(std::string_view text) const;
  // The value as it stands, as text: "true", "30000".
  std::string Text() const;
  // "1 to 64", "auto or off"; "" for anything.
  std::string Range() const;
};

// In the order of --help.
std::vector<Option> OptionsOf(Config& config);

}  // namespace msp
