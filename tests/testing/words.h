// SPDX-License-Identifier: Apache-2.0

// Lists of words as one text, so that a test's table of names or values takes few lines, and what
// fills a phrase.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
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

// The phrase with the value in the place of its '#'.
inline std::string Filled(std::string phrase, std::string_view value) {
  return phrase.replace(phrase.find('#'), 1, value);
}

// Digits as people write them: "1234-5678" of "12345678" by 4.
inline std::string Grouped(std::string_view digits, std::size_t group, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % group == 0) text += separator;
    text += digits[i];
  }
  return text;
}

}  // namespace msp::testing
