// SPDX-License-Identifier: Apache-2.0

#include "client/cli/completion.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/arguments.h"

namespace msp::cli {
namespace {

// A possible next word, and its description.
struct Item {
  std::string word;
  std::string help;
};

// The possible words after `words`, "" or "order" or "order create".
struct Level {
  std::string words;
  std::vector<Item> items;
};

// A flag whose value is not plain text.
struct ValueFlag {
  std::string names;    // As a shell pattern: "--file|-f".
  std::string choices;  // "json table"; empty for a file; "-" for anything else.
};

std::vector<Item> GlobalFlags() {
  std::vector<Item> flags;
  Globals globals;
  for (const Option& option : OptionsOf(globals))
    flags.push_back({absl::StrCat("--", std::string(option.name)), std::string(option.help)});
  return flags;
}

std::vector<Item> FlagsOfCommand(const Command& command) {
  std::vector<Item> flags;
  for (const CommandFlag& flag : command.command_flags)
    flags.push_back({absl::StrCat("--", std::string(flag.name)), std::string(flag.help)});
  if (command.method.empty()) return flags;
  const std::vector<std::string> positionals =
      absl::StrSplit(std::string(command.positionals), ' ');
  for (const FieldFlag& flag : FlagsOf(*MethodOf(command)->input_type())) {
    if (std::count(positionals.begin(), positionals.end(), flag.field->name()) == 0)
      flags.push_back({absl::StrCat("--", flag.name), ""});
  }
  return flags;
}

// The first level is that of the groups and of the commands without one.
std::vector<Level> Levels() {
  std::vector<Level> levels(1);
  for (const Command& command : Commands()) {
    const std::string words(command.words);
    const std::size_t space = words.find(' ');
    const std::string first = words.substr(0, space);
    if (space == std::string::npos) {
      levels[0].items.push_back({words, std::string(command.summary)});
    } else {
      auto group = std::find_if(levels.begin(), levels.end(),
                                [&](const Level& level) { return level.words == first; });
      if (group == levels.end()) {
        levels[0].items.push_back({first, absl::StrCat("commands of ", first)});
        group = levels.insert(levels.end(), Level{first, {}});
      }
      group->items.push_back({words.substr(space + 1), std::string(command.summary)});
    }
    levels.push_back({words, command.kind == CommandKind::kCompletion
                                 ? std::vector<Item>{{"bash", ""}, {"zsh", ""}}
                                 : FlagsOfCommand(command)});
  }
  return levels;
}

std::vector<ValueFlag> ValueFlags() {
  std::vector<std::string> files;
  std::vector<std::string> others;
  std::vector<ValueFlag> flags;
  const auto add = [&](std::string names, std::string_view placeholder) {
    std::vector<std::string>& list = placeholder == "FILE" ? files : others;
    if (std::count(list.begin(), list.end(), names) == 0) list.push_back(std::move(names));
  };
  Globals globals;
  for (const Option& option : OptionsOf(globals)) {
    if (option.is_switch()) continue;
    std::string names = absl::StrCat("--", std::string(option.name));
    if (option.letter != 0) absl::StrAppend(&names, "|-", std::string(1, option.letter));
    if (option.choices.empty()) {
      add(names, option.placeholder);
    } else {
      std::vector<std::string> choices(option.choices.begin(), option.choices.end());
      flags.push_back({names, absl::StrJoin(choices, " ")});
    }
  }
  for (const Command& command : Commands()) {
    for (const CommandFlag& flag : command.command_flags)
      if (!flag.value.empty()) add(absl::StrCat("--", std::string(flag.name)), flag.value);
    if (command.method.empty()) continue;
    for (const FieldFlag& flag : FlagsOf(*MethodOf(command)->input_type()))
      if (!flag.is_switch) add(absl::StrCat("--", flag.name), "TEXT");
  }
  flags.push_back({absl::StrJoin(files, "|"), ""});
  flags.push_back({absl::StrJoin(others, "|"), "-"});
  return flags;
}

// The arms of the `case` that walks over the words before the cursor: a command's words are taken
// up, and the values of flags are stepped over.
std::string WalkArms() {
  std::vector<std::string> known;
  std::vector<std::string> flags;
  for (const Level& level : Levels()) {
    if (!level.words.empty()) known.push_back(absl::StrCat("' ", level.words, "'"));
  }
  for (const ValueFlag& flag : ValueFlags()) flags.push_back(flag.names);
  return absl::StrCat("    case $word in ", absl::StrJoin(flags, "|"),
                      ") ((i++)); continue ;; -*) continue ;; esac\n",
                      "    case \"$chain $word\" in\n      ", absl::StrJoin(known, "|"),
                      ") chain=\"$chain $word\" ;;\n    esac\n");
}

std::vector<std::string> WordsOf(const std::vector<Item>& items) {
  std::vector<std::string> words;
  words.reserve(items.size());
  for (const Item& item : items) words.push_back(item.word);
  return words;
}

std::string BashScript() {
  std::string values;
  for (const ValueFlag& flag : ValueFlags()) {
    const std::string reply = flag.choices.empty()
                                  ? "compopt -o default; return"
                                  : absl::StrCat("COMPREPLY=($(compgen -W '", flag.choices,
                                                 "' -- \"$current\")); return");
    absl::StrAppend(&values, "    ", flag.names, ") ", flag.choices == "-" ? "return" : reply,
                    " ;;\n");
  }
  std::string levels;
  for (const Level& level : Levels()) {
    absl::StrAppend(&levels, "    '", level.words.empty() ? "" : " ", level.words, "') words='",
                    absl::StrJoin(WordsOf(level.items), " "), "' ;;\n");
  }
  return absl::StrCat(
      "# bash completion for msp, made by `msp completion bash`\n"
      "_msp() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local chain='' words='' word i\n"
      "  COMPREPLY=()\n"
      "  # --name=value is three words to bash.\n"
      "  if [[ $current == = ]]; then current=''; fi\n"
      "  if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
      "  case $previous in\n",
      values,
      "  esac\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n",
      WalkArms(),
      "  done\n"
      "  case $chain in\n",
      levels,
      "  esac\n"
      "  [[ $current != -* ]] || words=\"$words ",
      absl::StrJoin(WordsOf(GlobalFlags()), " "),
      "\"\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -F _msp msp\n");
}

std::string ZshItems(const std::vector<Item>& items) {
  std::string text;
  for (const Item& item : items) {
    const std::string help =
        item.help.empty() ? ""
                          : absl::StrCat(":", absl::StrReplaceAll(item.help, {{"'", "'\\''"}}));
    absl::StrAppend(&text, " '", item.word, help, "'");
  }
  return text;
}

std::string ZshScript() {
  std::string values;
  for (const ValueFlag& flag : ValueFlags()) {
    absl::StrAppend(&values, "    ", flag.names, ") ",
                    flag.choices == "-"    ? "return"
                    : flag.choices.empty() ? "_files; return"
                                           : absl::StrCat("compadd ", flag.choices, "; return"),
                    " ;;\n");
  }
  std::string levels;
  for (const Level& level : Levels()) {
    absl::StrAppend(&levels, "    '", level.words.empty() ? "" : " ", level.words, "') items=(",
                    ZshItems(level.items), ") ;;\n");
  }
  return absl::StrCat(
      "#compdef msp\n"
      "# zsh completion for msp, made by `msp completion zsh`\n"
      "_msp() {\n"
      "  local chain='' word i\n"
      "  local -a items flags\n"
      "  case $words[CURRENT-1] in\n",
      values,
      "  esac\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=$words[i]\n",
      WalkArms(),
      "  done\n"
      "  case $chain in\n",
      levels,
      "  esac\n"
      "  flags=(",
      ZshItems(GlobalFlags()),
      ")\n"
      "  [[ $PREFIX != -* ]] || items=($items $flags)\n"
      "  _describe msp items\n"
      "}\n"
      "if [[ $funcstack[1] == _msp ]]; then _msp \"$@\"; else compdef _msp msp; fi\n");
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return BashScript();
  if (shell == "zsh") return ZshScript();
  return {};
}

}  // namespace msp::cli
