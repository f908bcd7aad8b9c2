// SPDX-License-Identifier: Apache-2.0

#include "service/settings/option.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/settings/environment.h"
#include "service/settings/setting.h"

namespace msp {
namespace {

template <class Number>
absl::Status SetNumber(const Option& option, std::string_view text, Number* value) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(Absl(text), &number))
    return Invalid(Absl(option.name), absl::StrCat("does not accept \"", Absl(text), "\""));
  if (number < option.min || number > option.max)
    return Invalid(Absl(option.name),
                   absl::StrCat("is ", number, ", but must be ", option.Range()));
  *value = static_cast<Number>(number);
  return absl::OkStatus();
}

// on and off in addition to what SimpleAtob accepts.
bool ReadSwitch(std::string_view text, bool* value) {
  if (text != "on" && text != "off") return absl::SimpleAtob(Absl(text), value);
  *value = text == "on";
  return true;
}

absl::Status Unknown(const std::vector<Option>& options, std::string_view name) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const Option& option : options) {
    if (!option.withdrawn) names.emplace_back(option.name);
  }
  return Invalid(Absl(name), absl::StrCat("there is no such setting; the nearest is --",
                                          NearestTo(name, names), ", --help lists all"));
}

}  // namespace

const Option* FindOption(const std::vector<Option>& options, std::string_view name) {
  const auto same = [name](const Option& option) {
    return std::equal(
        name.begin(), name.end(), option.name.begin(), option.name.end(),
        [](char a, char b) { return a == b || (a == '-' && b == '_') || (a == '_' && b == '-'); });
  };
  const auto found = std::find_if(options.begin(), options.end(), same);
  return found == options.end() ? nullptr : &*found;
}

absl::Status Option::Set(std::string_view text) const {
  if (bool* const* flag = std::get_if<bool*>(&value); flag != nullptr) {
    if (ReadSwitch(text, *flag)) return absl::OkStatus();
    return Invalid(Absl(name), absl::StrCat("does not accept \"", Absl(text), "\""));
  }
  if (int* const* number = std::get_if<int*>(&value); number != nullptr)
    return SetNumber(*this, text, *number);
  if (std::int64_t* const* number = std::get_if<std::int64_t*>(&value); number != nullptr)
    return SetNumber(*this, text, *number);
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end())
    return Invalid(Absl(name), absl::StrCat("must be ", Range()));
  if (const Setter* set = std::get_if<Setter>(&value); set != nullptr) {
    absl::Status status = (*set)(text);
    return status.ok() ? status : Invalid(Absl(name), status.message());
  }
  if (text.size() < static_cast<std::size_t>(min)) return Invalid(Absl(name), "is empty");
  *std::get<std::string*>(value) = text;
  return absl::OkStatus();
}

std::string Option::Text() const {
  if (const bool* const* flag = std::get_if<bool*>(&value); flag != nullptr)
    return **flag ? "true" : "false";
  if (int* const* number = std::get_if<int*>(&value); number != nullptr)
    return absl::StrCat(**number);
  if (std::int64_t* const* number = std::get_if<std::int64_t*>(&value); number != nullptr)
    return absl::StrCat(**number);
  if (std::string* const* text = std::get_if<std::string*>(&value);
      text != nullptr && !(*text)->empty())
    return **text;
  return std::string(standard);
}

std::string Option::Range() const {
  if (max > 0) return absl::StrCat(min, " to ", max);
  std::string range;
  for (std::size_t i = 0; i < choices.size(); ++i)
    absl::StrAppend(&range,
                    i == 0                    ? ""
                    : i + 1 == choices.size() ? " or "
                                              : ", ",
                    Absl(choices[i]));
  return range;
}

absl::StatusOr<CommandLineAction> ReadArguments(const std::vector<Option>& options, int argc,
                                                const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") return CommandLineAction::kHelp;
    if (argument == "--version") return CommandLineAction::kVersion;
    if (argument.substr(0, 2) != "--") {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", Absl(argument), "\" is not a setting; --help lists them"));
    }
    argument.remove_prefix(2);
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const Option* option = FindOption(options, name);
    if (option == nullptr) return Unknown(options, name);
    std::string_view value = "true";
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (!option->is_switch()) {
      if (++i >= argc) return Invalid(Absl(name), "requires a value");
      value = argv[i];
    }
    if (absl::Status set = option->Set(value); !set.ok()) return set;
  }
  return CommandLineAction::kRun;
}

absl::Status ReadEnvironment(const std::vector<Option>& options) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> withdrawn;
  for (const Option& option : options) {
    (option.withdrawn ? withdrawn : names).push_back(option.name);
    const std::string variable = VariableOf(option.name);
    const char* value =
        std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): no thread yet
    if (value == nullptr) continue;
    if (absl::Status set = option.Set(value); !set.ok())
      return absl::InvalidArgumentError(absl::StrCat(variable, ": ", set.message()));
  }
  return CheckEnvironment(names, withdrawn);
}

std::string HelpOf(const std::vector<Option>& options) {
  std::string text;
  for (const Option& option : options) {
    if (option.withdrawn) continue;
    const std::string standard = option.Text();
    const std::string range = option.Range();
    absl::StrAppend(&text, "  --", Absl(option.name), standard.empty() ? "" : "=", standard,
                    "\n      ", Absl(option.help), range.empty() ? "" : "; ", range, "\n");
  }
  return text;
}

}  // namespace msp
