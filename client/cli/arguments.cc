#include "client/cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace msp::cli {
namespace {

// A day: longer than any call lives, a watch included.
constexpr double kTimeoutMaxS = 86'400;

absl::Status Text(std::string_view text, std::string& field) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  field = text;
  return absl::OkStatus();
}

absl::Status SetTimeout(std::string_view text, Globals& globals) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds >= 0.001) || seconds > kTimeoutMaxS) {
    return absl::InvalidArgumentError("takes seconds, 0.001 to 86400");
  }
  globals.timeout_ms = static_cast<std::int64_t>(seconds * 1000);
  return absl::OkStatus();
}

absl::Status SetOutput(std::string_view text, Globals& globals) {
  if (text != "json" && text != "table") {
    return absl::InvalidArgumentError("takes json or table");
  }
  globals.output = text == "json" ? Output::kJson : Output::kTable;
  return absl::OkStatus();
}

constexpr GlobalFlag kGlobalFlags[] = {
    {"-f", "FILE", "the whole request as JSON; - reads standard input",
     [](std::string_view text, Globals& globals) { return Text(text, globals.file); }},
    {"--server", "HOST:PORT", "the service; MSP_SERVER when absent, else 127.0.0.1:50051",
     [](std::string_view text, Globals& globals) { return Text(text, globals.channel.server); }},
    {"--site", "NAME", "which of the service's sites",
     [](std::string_view text, Globals& globals) { return Text(text, globals.site); }},
    {"--timeout", "SECONDS", "how long to wait: 35 when something changes, 10 for reads",
     SetTimeout},
    {"--output", "json|table", "JSON with the API's names, or a table for people", SetOutput},
    {"--tls", "", "TLS with the system's roots",
     [](std::string_view, Globals& globals) {
       globals.channel.tls.enabled = true;
       return absl::OkStatus();
     }},
    {"--ca", "FILE", "TLS with these roots, PEM",
     [](std::string_view text, Globals& globals) {
       return Text(text, globals.channel.tls.ca_file);
     }},
    {"--cert", "FILE", "the client's certificate for mutual TLS, PEM",
     [](std::string_view text, Globals& globals) {
       return Text(text, globals.channel.tls.cert_file);
     }},
    {"--key", "FILE", "the certificate's key, PEM",
     [](std::string_view text, Globals& globals) {
       return Text(text, globals.channel.tls.key_file);
     }},
    {"--plaintext", "", "no TLS though the server is elsewhere: a mesh encrypts",
     [](std::string_view, Globals& globals) {
       globals.channel.allow_plaintext = true;
       return absl::OkStatus();
     }},
    {"--proxy", "URL",
     "an HTTP proxy to go through, http://HOST:PORT; the environment's is ignored",
     [](std::string_view text, Globals& globals) { return Text(text, globals.channel.proxy); }},
    {"--help", "", "this text",
     [](std::string_view, Globals& globals) {
       globals.help = true;
       return absl::OkStatus();
     }},
    {"--version", "", "the version of this program",
     [](std::string_view, Globals& globals) {
       globals.version = true;
       return absl::OkStatus();
     }},
};

absl::Status Complain(std::string_view name, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(name), " ", status.message()));
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
      return absl::InvalidArgumentError(absl::StrCat("there is no command '", words, "'"));
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
    for (const GlobalFlag& flag : kGlobalFlags) {
      if (flag.name == name || (flag.name == "--help" && name == "-h")) {
        return Global(flag, std::move(value));
      }
    }
    return Field(name, std::move(value));
  }

  absl::Status Global(const GlobalFlag& flag, std::optional<std::string> value) {
    if (flag.value.empty()) {
      if (value) return Complain(flag.name, absl::InvalidArgumentError("takes no value"));
    } else if (!TakeValue(value)) {
      return Complain(flag.name, absl::InvalidArgumentError(
                                     absl::StrCat("wants a value: ", std::string(flag.value))));
    }
    const absl::Status status = flag.set(value.value_or(""), arguments_.globals);
    return status.ok() ? status : Complain(flag.name, status);
  }

  absl::Status Field(const std::string& name, std::optional<std::string> value) {
    std::string key = name.substr(std::min<std::size_t>(name.find_first_not_of('-'), name.size()));
    std::replace(key.begin(), key.end(), '_', '-');
    if (arguments_.command != nullptr && name.starts_with("--")) {
      for (const OwnFlag& own : arguments_.command->own) {
        if (own.name == key) return Own(own, name, std::move(value));
      }
    }
    const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                   [&](const FieldFlag& known) { return known.name == key; });
    if (flag == flags_.end() || !name.starts_with("--")) {
      return absl::InvalidArgumentError(
          arguments_.command == nullptr
              ? absl::StrCat("there is no flag ", name, " before a command")
              : absl::StrCat("'", arguments_.words, "' has no flag ", name));
    }
    if (flag->is_switch && !value) value = "true";
    if (!flag->is_switch && !TakeValue(value)) {
      return Complain(name, absl::InvalidArgumentError("wants a value"));
    }
    arguments_.fields.push_back({*flag, *std::move(value)});
    return absl::OkStatus();
  }

  absl::Status Own(const OwnFlag& own, const std::string& name, std::optional<std::string> value) {
    if (own.value.empty() ? value.has_value() : !TakeValue(value)) {
      return Complain(
          name, absl::InvalidArgumentError(
                    own.value.empty() ? "takes no value"
                                      : absl::StrCat("wants a value: ", std::string(own.value))));
    }
    arguments_.own.emplace(own.name, value.value_or(""));
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
  std::size_t next_ = 0;
  std::vector<FieldFlag> flags_;
  std::vector<std::string> seen_;
};

}  // namespace

absl::Span<const GlobalFlag> GlobalFlags() { return kGlobalFlags; }

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words,
                                         std::string_view server) {
  Arguments arguments;
  if (!server.empty()) arguments.globals.channel.server = server;
  if (absl::Status status = Parser(words, arguments).Run(); !status.ok()) return status;
  return arguments;
}

}  // namespace msp::cli
