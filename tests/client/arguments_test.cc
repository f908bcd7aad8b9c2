// SPDX-License-Identifier: Apache-2.0

#include "client/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/cli/help.h"
#include "tests/testing/words.h"

namespace msp::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

absl::StatusOr<Arguments> Parse(const std::string& line, const std::string& server = "") {
  return ParseArguments(msp::testing::CommandLine(line), server);
}

TEST(Commands, EveryRowNamesAMethodAndFieldsOfItsRequest) {
  for (const Command& command : Commands()) {
    const auto* method = MethodOf(command);
    EXPECT_FALSE(command.summary.empty()) << command.words;
    const bool calls = command.kind == CommandKind::kCall || command.kind == CommandKind::kCheckout;
    ASSERT_EQ(method != nullptr, calls) << command.words;
    if (!calls) continue;
    const std::vector<std::string> names =
        absl::StrSplit(std::string(command.positionals), ' ', absl::SkipEmpty());
    for (const std::string& name : names) {
      const auto* field = method->input_type()->FindFieldByName(name);
      ASSERT_NE(field, nullptr) << command.words << " " << name;
      EXPECT_EQ(field->type(), google::protobuf::FieldDescriptor::TYPE_STRING) << name;
    }
  }
}

TEST(Commands, ExamplesAreCommandLinesThatParse) {
  for (const Command& command : Commands()) {
    ASSERT_FALSE(command.example.empty()) << command.words;
    const Words lines = absl::StrSplit(std::string(command.example), '\n');
    for (const std::string& line : lines) {
      const std::size_t start = line.find("msp ");
      ASSERT_NE(start, std::string::npos) << line;
      const std::string call = line.substr(start + 4, line.find(" #") - start - 4);
      const auto arguments = Parse(call);
      ASSERT_TRUE(arguments.ok()) << line << ": " << arguments.status();
      EXPECT_EQ(arguments->command, &command) << line;
    }
  }
}

TEST(Commands, NoFieldHidesBehindAFlagOfEveryCommand) {
  for (const Command& command : Commands()) {
    std::set<std::string> names;
    Globals globals;
    for (const Option& option : OptionsOf(globals)) names.insert("--" + std::string(option.name));
    for (const CommandFlag& flag : command.command_flags) {
      EXPECT_TRUE(names.insert("--" + std::string(flag.name)).second) << command.words;
    }
    if (command.method.empty()) continue;
    for (const FieldFlag& flag : FlagsOf(*MethodOf(command)->input_type())) {
      EXPECT_TRUE(names.insert("--" + flag.name).second) << command.words << " " << flag.name;
    }
  }
}

TEST(Commands, CardDataIsNoFlag) {
  std::set<std::string> names;
  for (const Command& command : Commands()) {
    if (command.method.empty()) continue;
    for (const FieldFlag& flag : FlagsOf(*MethodOf(command)->input_type())) names.insert(flag.name);
  }
  for (const char* secret : {"card-number", "card-cvc", "recurring-id", "expiry-date", "token"}) {
    EXPECT_FALSE(names.contains(secret)) << secret;
  }
  EXPECT_TRUE(names.contains("refund-order-id"));
}

TEST(ParseArguments, FlagsStandAnywhere) {
  const auto arguments = Parse(
      "--server localhost:7 order --output=table refund --amount 500 "
      "tulip-1 --currency=EUR --repeat --timeout 1.5 --site second");
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->command, FindCommand("order refund"));
  EXPECT_EQ(arguments->globals.channel.server, "localhost:7");
  EXPECT_EQ(arguments->globals.output, Output::kTable);
  EXPECT_EQ(arguments->globals.timeout_ms, 1500);
  EXPECT_EQ(arguments->globals.site, "second");
  EXPECT_THAT(arguments->positionals, ElementsAre("tulip-1"));
  ASSERT_EQ(arguments->fields.size(), 3U);
  EXPECT_EQ(arguments->fields[0].flag.name, "amount");
  EXPECT_EQ(arguments->fields[0].text, "500");
  EXPECT_EQ(arguments->fields[1].text, "EUR");
  EXPECT_EQ(arguments->fields[2].flag.name, "repeat");
  EXPECT_TRUE(arguments->fields[2].flag.in_control);
  EXPECT_EQ(arguments->fields[2].text, "true");
}

TEST(ParseArguments, TheServerIsFromTheFlagElseTheEnvironmentElseTheLoopback) {
  EXPECT_EQ(Parse("health")->globals.channel.server, "127.0.0.1:50051");
  EXPECT_EQ(Parse("health", "localhost:1")->globals.channel.server, "localhost:1");
  EXPECT_EQ(Parse("health --server localhost:2", "localhost:1")->globals.channel.server,
            "localhost:2");
}

TEST(ParseArguments, AfterTwoDashesEverythingIsAWord) {
  const auto arguments = Parse("order get -- --help");
  ASSERT_TRUE(arguments.ok());
  EXPECT_THAT(arguments->positionals, ElementsAre("--help"));
  EXPECT_FALSE(arguments->globals.help);
}

TEST(ParseArguments, AskingForHelpNeedsNoWholeCommand) {
  EXPECT_TRUE(Parse("--help")->globals.help);
  EXPECT_EQ(Parse("order -h")->words, "order");
  EXPECT_EQ(Parse("order create --help")->words, "order create");
}

TEST(ParseArguments, NamesWhatIsWrong) {
  const struct {
    const char* name;
    const char* line;
    const char* complaint;
  } kRows[] = {
      {"unknown_command", "orders get", "'orders'"},
      {"unknown_second_word", "order gte x", "'order gte'"},
      {"unknown_flag", "order get x --amuont 5", "--amuont"},
      {"a_field_of_another_command", "order get x --amount 5", "--amount"},
      {"a_field_before_the_command", "--amount 5 order refund", "--amount"},
      {"control_on_a_read", "order get x --repeat", "--repeat"},
      {"one_dash", "order refund x -amount 5", "-amount"},
      {"card_number", "order create --card-number 4", "--card-number"},
      {"own_flag_of_another", "order get x --open", "--open"},
      {"own_switch_with_value", "checkout --open=yes", "--open: takes no value"},
      {"own_value_left_out", "webhook verify --auth", "--auth: requires a value"},
      {"value_left_out", "order void x --reason", "--reason: requires"},
      {"value_swallows_no_flag", "order refund x --description --full", "--description: requires"},
      {"global_value_left_out", "health --server", "--server: requires"},
      {"given_twice", "order refund x --amount 5 --amount 50", "--amount is given twice"},
      {"switch_with_an_odd_value", "health --tls=maybe", "maybe"},
      {"output", "health --output xml", "json or table"},
      {"timeout_zero", "health --timeout 0", "--timeout: must be 0.001 to 86400 seconds"},
      {"timeout_text", "health --timeout 5s", "--timeout: must be 0.001 to 86400 seconds"},
      {"timeout_nan", "health --timeout nan", "--timeout: must be 0.001 to 86400 seconds"},
      {"empty_file", "order create -f ''", "--file: is empty"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const auto arguments = Parse(row.line);
    EXPECT_FALSE(arguments.ok());
    EXPECT_THAT(std::string(arguments.status().message()), HasSubstr(row.complaint));
  }
}

TEST(HelpText, EveryLevelShowsAWorkedExample) {
  for (const char* words :
       {"", "order", "token", "webhook", "order create", "transaction list", "health"}) {
    EXPECT_THAT(HelpText(words), HasSubstr("example:\n  msp ")) << words;
    EXPECT_THAT(HelpText(words), HasSubstr("exit codes:")) << words;
  }
}

TEST(HelpText, ListsEveryCommandAndTheFlagsOfOne) {
  for (const Command& command : Commands()) {
    EXPECT_THAT(HelpText(""), HasSubstr(std::string(command.words)));
  }
  EXPECT_THAT(HelpText("order cancel-refund"), HasSubstr("ORDER_ID REFUND_ID"));
  EXPECT_THAT(HelpText("webhook verify"), HasSubstr("--auth HEADER"));
  for (const char* words : {"checkout", "order watch"}) {
    EXPECT_THAT(HelpText(words), HasSubstr("4  declined")) << words;
  }
  EXPECT_THAT(HelpText("webhook verify"), HasSubstr("the service accepts 600 s back, 300 s ahead"));
  EXPECT_THAT(HelpText("order watch"), HasSubstr("9  processing"));
  EXPECT_THAT(HelpText("order refund"), HasSubstr("--refund-order-id TEXT"));
  EXPECT_THAT(HelpText("order refund"), HasSubstr("--amount NUMBER"));
  EXPECT_THAT(HelpText("order refund"), Not(HasSubstr("--order-id")));
}

}  // namespace
}  // namespace msp::cli
