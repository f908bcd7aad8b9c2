// SPDX-License-Identifier: Apache-2.0

// The tables of MultiSafepay's error codes and of HTTP statuses in docs/errors.md are what the
// error table says. tests/errors_test.py compares the reasons.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/payments/error_table.h"
#include "service/payments/failure.h"

namespace msp::payments {
namespace {

constexpr int kBadRequest = 400;
constexpr int kTooManyRequests = 429;  // Interpreted before the table is asked.
constexpr char kAnyOther[] = "any other";

using Cells = std::vector<std::string>;

// The cells of a row like: | a | b |
Cells CellsOf(const std::string& line) {
  Cells cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');)
    cells.push_back(cell.size() < 2 ? "" : cell.substr(1, cell.size() - 2));
  return cells;
}

// The rows of the table whose first column has this title.
std::vector<Cells> Table(const std::string& title) {
  std::ifstream in(std::string(MSP_SOURCE_DIR) + "/docs/errors.md");
  std::vector<Cells> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| " + title + " |")) {
      inside = true;
    } else if (!line.starts_with("| ")) {
      inside = inside && line.starts_with("|-");
    } else if (inside) {
      rows.push_back(CellsOf(line));
    }
  }
  return rows;
}

// `400, 1000 "not found"` is {400, ""} and {1000, "not found"}.
std::vector<std::pair<int, std::string>> KeysOf(const std::string& cell) {
  std::vector<std::pair<int, std::string>> keys;
  std::istringstream in(cell);
  for (std::string part; std::getline(in, part, ',');) {
    const std::size_t digit = part.find_first_of("0123456789");
    if (digit == std::string::npos) continue;
    const std::size_t quote = part.find('"');
    const std::size_t end = part.rfind('"');
    keys.emplace_back(std::stoi(part.substr(digit)),
                      quote == std::string::npos ? "" : part.substr(quote + 1, end - quote - 1));
  }
  return keys;
}

// The table's other four columns for an error code.
Cells MeaningsOf(int error_code, const std::string& text) {
  const auto meaning = [&](bool creates, bool reads) {
    return MeaningOfCode(error_code, kBadRequest, text, creates, reads);
  };
  return {std::string(NameOf(meaning(true, false).code)),
          std::string(NameOf(meaning(false, false).code)),
          std::string(NameOf(meaning(false, true).code)),
          meaning(false, false).conclusive ? "yes" : "no"};
}

Cells Meanings(const Cells& row) { return {row.begin() + 2, row.begin() + 6}; }

TEST(ErrorDocument, EachErrorCodeHasItsMeaning) {
  std::map<int, Cells> documented;
  Cells any_other;
  for (const Cells& row : Table("error code")) {
    ASSERT_EQ(row.size(), 6U) << row.front();
    if (row.front() == kAnyOther) any_other = Meanings(row);
    for (const auto& [error_code, text] : KeysOf(row.front())) {
      EXPECT_EQ(Meanings(row), MeaningsOf(error_code, text)) << error_code << " " << text;
      if (text.empty()) documented[error_code] = row;
    }
  }
  EXPECT_GT(documented.size(), 30U);
  for (int error_code = 1; error_code <= 10'000; ++error_code) {
    if (documented.count(error_code) > 0) continue;
    EXPECT_EQ(MeaningsOf(error_code, ""), any_other) << error_code << " has no row";
  }
}

TEST(ErrorDocument, EachHttpStatusHasItsCode) {
  std::map<int, std::string> documented;
  std::map<bool, std::string> others;  // By whether the status is a 3xx or 5xx.
  for (const Cells& row : Table("HTTP status")) {
    ASSERT_EQ(row.size(), 2U) << row.front();
    if (row.front().starts_with(kAnyOther)) {
      others[row.front() != kAnyOther] = row.back();
      continue;
    }
    for (const auto& [status, text] : KeysOf(row.front())) documented[status] = row.back();
  }
  EXPECT_TRUE(documented[kTooManyRequests].starts_with("RESOURCE_EXHAUSTED"));
  documented.erase(kTooManyRequests);
  for (int status = 200; status < 600; ++status) {
    if (status == kTooManyRequests) continue;
    const auto found = documented.find(status);
    const bool is_3xx_or_5xx = status / 100 == 3 || status / 100 == 5;
    EXPECT_EQ(found == documented.end() ? others[is_3xx_or_5xx] : found->second,
              NameOf(MeaningOfStatus(status).code))
        << status;
  }
}

}  // namespace
}  // namespace msp::payments
