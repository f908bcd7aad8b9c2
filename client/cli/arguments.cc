// SPDX-License-Identifier: Apache-2.0

#include "client/cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "service/settings/environment.h"

namespace msp::cli {
namespace {

// A day: longer than any call lasts, a watch included.
constexpr double kTimeoutMaxS = 86'400;

absl::Status SetTimeout(std::string_view text, Globals& globals) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds >= 0.001) || seconds > kTimeoutMaxS) {
    return absl::InvalidArgumentError("must be 0.001 to 86400 seconds");
  }
  globals.timeout_ms = static_cast<std::int64_t>(seconds * 1000);
  return absl::OkStatus();
}

Option File(std::string_view name, std::string* target, std::string_view help) {
  return {.name = name, .value = target, .help = help, .min = 1, .placeholder = "FILE"};
}

absl::Status Complain(std::string_view name, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(name), ": ", status.message()));
}

// Reads the words from left to right.
class Parser {
 public:
  Parser(const std::vector<std::string>& words, Arguments& arguments)
      : words_(words), arguments_(arguments) {}

  absl::Status Run() {
    bool flags_end = false;
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      absl::Status status;
      if (!flags_end && word == "--") {
        flags_end = true;
      } else if (!flags_end && word.size() > 1 && word[0] == '-') {
        status = Flag(word);
      } else {
        status = Word(word);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Word(const std::string& word) {
    if (arguments_.command != nullptr) {
      arguments_.positionals.push_back(word);
      return absl::OkStatus();
    }
    std::string words = arguments_.words.empty() ? word : absl::StrCat(arguments_.words, " ", word);
    arguments_.command = FindCommand(words);
    if (arguments_.command == nullptr && !IsGroup(words)) {
      std::vector<std::string> known;
      for (const Command& command : Commands()) known.emplace_back(command.words);
      return absl::InvalidArgumentError(absl::StrCat(
          "there is no command '", words, "'; the nearest is '", NearestTo(words, known), "'"));
    }
    if (arguments_.command != nullptr && !arguments_.command->method.empty())
      flags_ = FlagsOf(*MethodOf(*arguments_.command)->input_type());
    arguments_.words = std::move(words);
    return absl::OkStatus();
  }

  absl::Status Flag(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (std::count(seen_.begin(), seen_.end(), name) != 0) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is given twice"));
    }
    seen_.push_back(name);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    const bool is_long = name.starts_with("--");
    for (const Option& option : globals_) {
      if (is_long ? option.name == name.substr(2) : name.size() == 2 && option.letter == name[1])
        return Global(option, name, std::move(value));
    }
    return Field(name, std::move(value));
  }

  absl::Status Global(const Option& option, const std::string& name,
                      std::optional<std::string> value) {
    if (option.is_switch()) {
      if (!value) value = "true";
    } else if (!TakeValue(value)) {
      return Complain(name, absl::InvalidArgumentError(absl::StrCat(
                                "requires a value: ", std::string(option.placeholder))));
    }
    return option.Set(*value);
  }

  absl::Status Field(const std::string& name, std::optional<std::string> value) {
    std::string key = name.substr(std::min<std::size_t>(name.find_first_not_of('-'), name.size()));
    std::replace(key.begin(), key.end(), '_', '-');
    if (arguments_.command != nullptr && name.starts_with("--")) {
      for (const CommandFlag& flag : arguments_.command->command_flags) {
        if (flag.name == key) return TakeCommandFlag(flag, name, std::move(value));
      }
    }
    const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                   [&](const FieldFlag& known) { return known.name == key; });
    if (flag == flags_.end() || !name.starts_with("--")) {
      return absl::InvalidArgumentError(
          absl::StrCat(arguments_.command == nullptr
                           ? absl::StrCat("there is no flag ", name, " before a command")
                           : absl::StrCat("'", arguments_.words, "' has no flag ", name),
                       "; the nearest is --", NearestTo(key, KnownFlags())));
    }
    if (flag->is_switch && !value) value = "true";
    if (!flag->is_switch && !TakeValue(value)) {
      return Complain(name, absl::InvalidArgumentError("requires a value"));
    }
    arguments_.fields.push_back({*flag, *std::move(value)});
    return absl::OkStatus();
  }

  std::vector<std::string> KnownFlags() const {
    std::vector<std::string> known;
    for (const Option& option : globals_) known.emplace_back(option.name);
    for (const FieldFlag& flag : flags_) known.push_back(flag.name);
    if (arguments_.command != nullptr)
      for (const CommandFlag& flag : arguments_.command->command_flags)
        known.emplace_back(flag.name);
    return known;
  }

  absl::Status TakeCommandFlag(const CommandFlag& flag, const std::string& name,
                               std::optional<std::string> value) {
    if (flag.value.empty() ? value.has_value() : !TakeValue(value)) {
      return Complain(name, absl::InvalidArgumentError(
                                flag.value.empty()
                                    ? "takes no value"
                                    : absl::StrCat("requires a value: ", std::string(flag.value))));
    }
    arguments_.command_flags.emplace(flag.name, value.value_or(""));
    return absl::OkStatus();
  }

  // The value after "=", or the next word unless that is a flag: `--reason --full` is a reason left
  // out. False when there is none.
  bool TakeValue(std::optional<std::string>& value) {
    if (!value && next_ < words_.size() && !words_[next_].starts_with("--"))
      value = words_[next_++];
    return value.has_value();
  }

  const std::vector<std::string>& words_;
  Arguments& arguments_;
  const std::vector<Option> globals_ = OptionsOf(arguments_.globals);
  std::size_t next_ = 0;
  std::vector<FieldFlag> flags_;
  std::vector<std::string> seen_;
};

}  // namespace

std::vector<Option> OptionsOf(Globals& globals) {
  client::ChannelOptions& channel = globals.channel;
  Option output =
      Choice("output", &globals.output, {{"json", Output::kJson}, {"table", Output::kTable}},
             "JSON with the API's names, or a table for reading by people");
  output.placeholder = "json|table";
  return {
      {.name = "file",
       .value = &globals.file,
       .help = "the whole request as JSON; - reads standard input",
       .min = 1,
       .placeholder = "FILE",
       .letter = 'f'},
      {.name = "server",
       .value = &channel.server,
       .help = "the service; default: MSP_SERVER, else 127.0.0.1:50051",
       .min = 1,
       .placeholder = "HOST:PORT"},
      {.name = "site",
       .value = &globals.site,
       .help = "the site, if the service has several",
       .min = 1,
       .placeholder = "NAME"},
      {.name = "timeout",
       .value = [&globals](std::string_view text) { return SetTimeout(text, globals); },
       .help = "the deadline of one attempt; default: 35 for changes, 10 for reads",
       .placeholder = "SECONDS"},
      std::move(output),
      {.name = "tls", .value = &channel.tls.enabled, .help = "TLS with the system's roots"},
      File("ca", &channel.tls.ca_file, "TLS with these roots, PEM"),
      File("cert", &channel.tls.cert_file, "the client's certificate for mutual TLS, PEM"),
      File("key", &channel.tls.key_file, "the certificate's key, PEM"),
      {.name = "plaintext",
       .value = &channel.allow_plaintext,
       .help = "plain text to another machine, for a mesh that encrypts"},
      {.name = "proxy",
       .value = &channel.proxy,
       .help = "HTTP proxy, http://HOST:PORT; the environment's are ignored",
       .min = 1,
       .placeholder = "URL"},
      {.name = "help", .value = &globals.help, .help = "this text", .letter = 'h'},
      {.name = "version", .value = &globals.version, .help = "the version of this program"},
  };
}

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words,
                                         std::string_view server) {
  Arguments arguments;
  if (!server.empty()) arguments.globals.channel.server = server;
  if (absl::Status status = Parser(words, arguments).Run(); !status.ok()) return status;
  return arguments;
}

}  // namespace msp::cli
