// SPDX-License-Identifier: Apache-2.0

// A line is one line of valid JSON, whatever its values hold.
#include "service/telemetry/line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace msp::telemetry {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;

std::string Formatted(std::initializer_list<Field> fields, bool json) {
  std::string line = "what was there before";
  FormatLine(Level::kWarning, "call", fields, json, line);
  return line;
}

TEST(Line, HoldsItsFieldsAsJson) {
  const auto line = nlohmann::json::parse(Formatted({{"method", std::string_view("GetOrder")},
                                                     {"attempts", std::int64_t{2}},
                                                     {"total_ms", 1.5},
                                                     {"done", true},
                                                     {"reason", std::string_view()}},
                                                    true));
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("event"), "call");
  EXPECT_EQ(line.at("method"), "GetOrder");
  EXPECT_EQ(line.at("attempts"), 2);
  EXPECT_EQ(line.at("total_ms"), 1.5);
  EXPECT_EQ(line.at("done"), true);
  EXPECT_FALSE(line.contains("reason"));
  EXPECT_THAT(line.at("time").get<std::string>(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
}

TEST(Line, ForgedValuesStayOneLineInBothForms) {
  const std::string_view forged = "a\n{\"level\":\"info\"}\r\x01\"";
  for (const bool json : {true, false}) {
    const std::string line = Formatted({{"order_id", forged}}, json);
    EXPECT_THAT(line, EndsWith("\n"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\r'), std::string::npos);
    if (json) {
      EXPECT_EQ(nlohmann::json::parse(line).at("order_id"), forged);
    }
  }
}

TEST(Line, TimeIsUtcWithMilliseconds) {
  std::string text;
  AppendTime(1'769'860'800'007, text);
  EXPECT_EQ(text, "2026-01-31T12:00:00.007Z");
}

TEST(Line, LevelsHaveFourNames) {
  Level level = Level::kInfo;
  EXPECT_TRUE(ParseLevel("error", &level));
  EXPECT_EQ(level, Level::kError);
  EXPECT_FALSE(ParseLevel("loud", &level));
}

}  // namespace
}  // namespace msp::telemetry
