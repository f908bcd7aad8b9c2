// SPDX-License-Identifier: Apache-2.0

// Lists of words as one text, so that a test's table of names or values takes few lines.
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace msp::testing {

// The words between blanks: {"a", "b"} of "a b".
template <class Container = std::vector<std::string>>
Container Words(const std::string& text) {
  Container words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.insert(words.end(), word);
  return words;
}

// The arguments of a command line, where single quotes keep blanks together: {"a", "b c", ""} of
// "a 'b c' ''".
inline std::vector<std::string> CommandLine(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool begun = false;
  for (const char c : line + " ") {
    if (c == '\'') {
      quoted = !quoted;
      begun = true;
    } else if (c != ' ' || quoted) {
      word += c;
      begun = true;
    } else if (std::exchange(begun, false)) {
      words.push_back(std::exchange(word, ""));
    }
  }
  return words;
}

}  // namespace msp::testing
