// SPDX-License-Identifier: Apache-2.0

// The table of docs/operations.md and what /metrics exports are the same: names, kinds and labels.
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/admin/admin_port.h"

namespace msp::admin {
namespace {

// A family of the table or of a scrape.
struct Family {
  std::string kind;
  std::set<std::string> labels;

  bool operator==(const Family&) const = default;
};
void PrintTo(const Family& family, std::ostream* out) {
  *out << family.kind << " {";
  for (const std::string& label : family.labels) *out << " " << label;
  *out << " }";
}
using Families = std::map<std::string, Family>;

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// What is between back-quotes.
std::vector<std::string> Quoted(const std::string& cell) {
  const std::vector<std::string> parts = Split(cell, '`');
  std::vector<std::string> quoted;
  for (std::size_t i = 1; i < parts.size(); i += 2) quoted.push_back(parts[i]);
  return quoted;
}

// Rows like: | `msp_x_total` | counter | `a`, `b` | meaning |
Families Documented() {
  std::ifstream in(std::string(MSP_SOURCE_DIR) + "/docs/operations.md");
  Families families;
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> cells = Split(line, '|');
    if (cells.size() < 5 || Quoted(cells[1]).size() != 1) continue;
    const std::string name = Quoted(cells[1])[0];
    if (!name.starts_with("msp_") && !name.starts_with("process_")) continue;
    const std::vector<std::string> labels = Quoted(cells[3]);
    families[name] = {.kind = std::string(cells[2].substr(1, cells[2].size() - 2)),
                      .labels = {labels.begin(), labels.end()}};
  }
  return families;
}

std::string FamilyNameOf(const std::string& sample, const Families& families) {
  std::string name = sample.substr(0, sample.find('{'));
  for (const std::string suffix : {"_bucket", "_count", "_sum"}) {
    if (!name.ends_with(suffix)) continue;
    const std::string stem = name.substr(0, name.size() - suffix.size());
    if (families.contains(stem)) return stem;
  }
  return name;
}

Families Exported(const std::string& exposition) {
  Families families;
  for (const std::string& line : Split(exposition, '\n')) {
    const std::vector<std::string> words = Split(line, ' ');
    if (words.size() == 4 && words[1] == "TYPE") families[words[2]].kind = words[3];
  }
  for (const auto& [sample, value] : SamplesOf(exposition)) {
    const std::size_t open = sample.find('{');
    if (open == std::string::npos) continue;
    for (const std::string& pair : Split(sample.substr(open + 1), ',')) {
      const std::size_t equals = pair.find("=\"");
      if (equals == std::string::npos || pair.starts_with("le=")) continue;
      families[FamilyNameOf(sample, families)].labels.insert(pair.substr(0, equals));
    }
  }
  return families;
}

TEST_F(AdminPort, TableOfTheManualIsWhatIsExported) {
  EXPECT_TRUE(Create(e2e::CardOrder()).ok());
  const Families documented = Documented();
  const Families exported = Exported(GetPage("/metrics").body);
  for (const auto& [name, family] : exported) {
    ASSERT_TRUE(documented.contains(name)) << name << " is not in the table";
    EXPECT_EQ(documented.at(name).kind, family.kind) << name;
    // A family without a series yet shows no labels.
    if (!family.labels.empty()) {
      EXPECT_EQ(documented.at(name), family) << name;
    }
  }
  for (const auto& [name, family] : documented)
    EXPECT_TRUE(exported.contains(name)) << name << " is in the table only";
}

}  // namespace
}  // namespace msp::admin
