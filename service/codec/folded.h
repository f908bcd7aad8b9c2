// SPDX-License-Identifier: Apache-2.0

// A text normalized for the recognition of numbers and keys: one character for each code point or
// escape sequence. Internal to the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace msp::codec {

inline constexpr char kJoint = ' ';      // Space, dash, dot: usual between digits.
inline constexpr char kWideJoint = '~';  // Any other character that is neither letter nor digit.
inline constexpr char kInvalid = '?';    // A byte that is not UTF-8.

// Whether %XX, &entities; and \uXXXX are decoded. Both forms of a text matter: "%41" is a letter,
// or a separator and two digits.
enum class Escapes : std::uint8_t { kLiteral, kDecoded };

struct Folded {
  Folded(std::string_view text, Escapes escapes);
  ~Folded();
  Folded(const Folded&) = delete;
  Folded& operator=(const Folded&) = delete;

  // Digits, lower-case ASCII letters and the above. Full-width forms count as ASCII. Zeroized on
  // destruction.
  std::string chars;
  // The offset of each in the text; one more entry for the text's end.
  std::vector<std::size_t> starts;

  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
};

}  // namespace msp::codec
