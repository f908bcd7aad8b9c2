// SPDX-License-Identifier: Apache-2.0

#include "client/cli/help.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/arguments.h"

namespace msp::cli {
namespace {

constexpr std::size_t kColumn = 28;

constexpr std::string_view kExitCodes =
    "exit codes:\n"
    "  0  done\n"
    "  1  refused, declined or not sent, or a failed read: no outcome is open\n"
    "  2  the command line or the file is invalid: nothing was sent\n"
    "  3  the outcome is unknown: read the order, then repeat the same command with --repeat\n"
    "  4 to 9  the result of a watched payment: msp order watch --help\n";

constexpr std::string_view kProgramExample =
    "example:\n"
    "  msp order create -f order.json && msp order get tulip-1 --output table\n";

std::string Line(std::string_view left, std::string_view right) {
  std::string line = absl::StrCat("  ", std::string(left));
  line.resize(std::max(line.size() + 2, kColumn), ' ');
  return absl::StrCat(line, std::string(right), "\n");
}

std::string GlobalLines() {
  std::string text;
  Globals globals;
  for (const Option& option : OptionsOf(globals)) {
    const std::string letter =
        option.letter == 0 ? "" : absl::StrCat("-", std::string(1, option.letter), ", ");
    text +=
        Line(absl::StrCat(letter, "--", std::string(option.name),
                          option.placeholder.empty() ? "" : " ", std::string(option.placeholder)),
             option.help);
  }
  return text;
}

std::string Positionals(const Command& command) {
  return absl::AsciiStrToUpper(std::string(command.positionals));
}

std::string GroupHelp(std::string_view words) {
  std::string text = absl::StrCat("usage: msp", words.empty() ? "" : " ", std::string(words),
                                  " COMMAND [flags]\n\ncommands:\n");
  const std::string start = words.empty() ? "" : absl::StrCat(std::string(words), " ");
  std::string example;
  for (const Command& command : Commands()) {
    if (!command.words.starts_with(start)) continue;
    text += Line(command.words, command.summary);
    if (example.empty()) example = command.example;
  }
  absl::StrAppend(&text, "\nflags of every command:\n", GlobalLines(), "\n");
  if (words.empty()) {
    text += kProgramExample;
  } else {
    absl::StrAppend(&text, "example:\n  ", absl::StrReplaceAll(example, {{"\n", "\n  "}}), "\n");
  }
  absl::StrAppend(&text, "\n", std::string(kExitCodes),
                  "\n'msp COMMAND --help' explains a command.\n");
  return text;
}

std::string CommandHelp(const Command& command) {
  const std::string positionals = Positionals(command);
  const std::string example(command.example);
  std::string text =
      absl::StrCat("usage: msp ", std::string(command.words), positionals.empty() ? "" : " ",
                   positionals, " [-f FILE] [flags]\n\n", std::string(command.summary),
                   "\n\nexample:\n  ", absl::StrReplaceAll(example, {{"\n", "\n  "}}), "\n\n");
  if (!command.command_flags.empty()) {
    text += "flags of this command:\n";
    for (const CommandFlag& flag : command.command_flags) {
      text += Line(absl::StrCat("--", std::string(flag.name), flag.value.empty() ? "" : " ",
                                std::string(flag.value)),
                   flag.help);
    }
    text += "\n";
  }
  std::string field_flags;
  std::vector<FieldFlag> fields;
  if (!command.method.empty()) fields = FlagsOf(*MethodOf(command)->input_type());
  for (const FieldFlag& flag : fields) {
    const std::string upper = absl::AsciiStrToUpper(flag.field->name());
    if (absl::StrCat(" ", positionals, " ").find(absl::StrCat(" ", upper, " ")) !=
        std::string::npos)
      continue;
    const bool number =
        flag.field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT32 ||
        flag.field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT64;
    absl::StrAppend(&field_flags, "  --", flag.name,
                    flag.is_switch ? ""
                    : number       ? " NUMBER"
                                   : " TEXT",
                    "\n");
  }
  if (!field_flags.empty()) {
    absl::StrAppend(&text, "flags, each a field of ", MethodOf(command)->input_type()->name(),
                    " (amounts in minor units; other fields from -f):\n", field_flags, "\n");
  }
  absl::StrAppend(&text, "flags of every command:\n", GlobalLines(), "\n");
  if (!command.notes.empty()) return text + std::string(command.notes);
  return text + std::string(kExitCodes);
}

}  // namespace

std::string HelpText(std::string_view words) {
  const Command* command = FindCommand(words);
  return command == nullptr ? GroupHelp(words) : CommandHelp(*command);
}

}  // namespace msp::cli
