// SPDX-License-Identifier: Apache-2.0

// Small text transformations that several components need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msp {

// An ASCII digit, whatever the locale.
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Equal except for the case of ASCII letters.
bool EqualsIgnoreCase(std::string_view one, std::string_view other);

// Percent-encodes everything except RFC 3986's unreserved characters, for one path segment or query
// value.
std::string PercentEncoded(std::string_view text);

// Decodes %XX once; malformed escapes stay as they are.
std::string PercentDecoded(std::string_view text);

// The start of a non-empty text: a well-formed UTF-8 sequence, or the longest prefix of one, at
// least a byte, which one replacement character replaces.
struct Utf8Sequence {
  std::size_t size = 0;
  bool valid = false;
};
Utf8Sequence FirstSequence(std::string_view text);

// The number of Unicode code points; -1 when the text is not valid UTF-8.
std::int64_t CodePoints(std::string_view text);

// Lower-case hexadecimal.
std::string Hex(std::string_view bytes);

// Standard alphabet with padding. `Base64Decode` returns false unless the whole input is canonical.
std::string Base64(std::string_view bytes);
bool Base64Decode(std::string_view text, std::string* bytes);

// Appends `text` as a quoted JSON string.
void AppendJsonString(std::string_view text, std::string& out);

// Without leading and trailing white space.
std::string_view Trimmed(std::string_view text);

// Overwrites the bytes, including the spare capacity, in a way that the compiler does not remove,
// then empties the string.
void ZeroizeString(std::string& text);

// Reserves `more` further bytes. Where the text moves, zeroizes its old memory: a string that grows
// by itself leaves copies behind.
void GrowZeroizing(std::string& text, std::size_t more);
inline void ReserveZeroizing(std::string& text, std::size_t more) {
  if (text.capacity() - text.size() < more) GrowZeroizing(text, more);
}

}  // namespace msp
