// SPDX-License-Identifier: Apache-2.0

// Each option is written once: the table in docs/configuration.md and the chart's schema say what
// the table of options says.
#include "service/config/options.h"

#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace msp {
namespace {

using nlohmann::json;

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// A default of that table as an option's text: "`info`" is info, "off" is false.
std::string DefaultOf(std::string text) {
  std::erase(text, '`');
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  if (text == "none" || text == "the system's" || text.starts_with("required")) return "";
  return text == "off" ? "false" : text;
}

// Rows like: | `--a`, `--b` | 1, `two` | meaning |
std::map<std::string, std::string> DefaultsInDocs() {
  std::ifstream in(std::string(MSP_SOURCE_DIR) + "/docs/configuration.md");
  std::map<std::string, std::string> defaults;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `--")) continue;
    const std::vector<std::string> cells = Split(line, '|');
    const std::vector<std::string> values = Split(cells.at(2), ',');
    std::size_t i = 0;
    for (const std::string& part : Split(cells.at(1), '`')) {
      if (!part.starts_with("--")) continue;
      defaults[part.substr(2)] = DefaultOf(values.at(std::min(i++, values.size() - 1)));
    }
  }
  return defaults;
}

TEST(Options, DocsNameEachWithItsDefault) {
  Config config;
  std::map<std::string, std::string> expected;
  for (const Option& option : OptionsOf(config)) {
    if (option.name != "check" && !option.withdrawn)
      expected[std::string(option.name)] = option.Text();
  }
  EXPECT_EQ(DefaultsInDocs(), expected);
}

TEST(Options, TheChartTakesWhatTheServerTakes) {
  std::ifstream in(std::string(MSP_SOURCE_DIR) + "/helm/multisafepay-grpc/values.schema.json");
  const json settings = json::parse(in).at("properties").at("settings").at("properties");
  Config config;
  std::set<std::string> found;
  for (const Option& option : OptionsOf(config)) {
    const auto row = settings.find(std::string(option.name));
    if (row == settings.end()) continue;  // The chart has values of its own for it.
    found.insert(row.key());
    if (option.max > 0) {
      EXPECT_EQ(row->at("minimum"), option.min) << option.name;
      EXPECT_EQ(row->at("maximum"), option.max) << option.name;
    } else if (!option.choices.empty()) {
      EXPECT_THAT(
          row->at("enum").get<std::vector<std::string>>(),
          ::testing::UnorderedElementsAreArray(option.choices.begin(), option.choices.end()))
          << option.name;
    } else {
      const bool is_switch = std::holds_alternative<bool*>(option.value);
      EXPECT_EQ(row->at("type"), is_switch ? "boolean" : "string") << option.name;
    }
  }
  EXPECT_EQ(found.size(), settings.size()) << "the chart knows a setting that the server does not";
}

// docs/deploy.md, "Stopping": gRPC spreads the age of connections by a tenth, and a second is for
// goodbyes.
TEST(Options, SystemdWaitsForALongerTimeThanADrainTakes) {
  constexpr std::string_view kName = "TimeoutStopSec=";
  std::ifstream in(std::string(MSP_SOURCE_DIR) + "/ci/package/debian/msp-server.service");
  std::int64_t stop_ms = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(kName)) stop_ms = std::stoll(line.substr(kName.size())) * 1'000;
  }
  const Config config;
  EXPECT_GT(stop_ms, config.drain_delay_ms + config.limits.connection_age_ms * 11 / 10 + 1'000 +
                         config.drain_timeout_ms);
}

TEST(Options, NoNameComesTwice) {
  Config config;
  std::set<std::string_view> names;
  for (const Option& option : OptionsOf(config))
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
}

}  // namespace
}  // namespace msp
