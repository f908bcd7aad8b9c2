// SPDX-License-Identifier: Apache-2.0

// The strict grammar of JSON's single values, and what a tolerant reader takes from them. Internal
// to the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msp::codec {

// Whether `text` is a number by RFC 8259: no leading zeros, no "+1", "1.", ".5", "1e", "-".
bool IsJsonNumber(std::string_view text);

// A string's content after its escapes were replaced in place.
struct Unescaped {
  std::size_t size = 0;
  // False: something in it stood for no text. Half a surrogate pair became U+FFFD; an escape that
  // JSON does not know stays as it is written.
  bool readable = true;
};

// `begin` to `end` is what stands between the quotes.
Unescaped Unescape(char* begin, char* end);

// An integer from a text of digits, with leading zeros allowed; nothing when it is something else
// or out of range. A text with a fraction is none, even of zeros: in a member that counts minor
// units "10.00" may as well be ten of the major ones.
std::optional<std::int64_t> ReadSigned(std::string_view text);
std::optional<std::uint64_t> ReadUnsigned(std::string_view text);

// An integer from a number: the same digits, and a JSON number with a fraction or an exponent whose
// value is whole (1000.0, 1e3, 1.5e1).
std::optional<std::int64_t> ReadSignedNumber(std::string_view text);
std::optional<std::uint64_t> ReadUnsignedNumber(std::string_view text);

// Digits of a number, or zeros between its point and them.
inline constexpr std::int64_t kPlainDigitsMax = 40;

// Writes the JSON number `text` without its exponent, every digit kept: 1.2e3 is 1200. False when
// that would take more than kPlainDigitsMax of either.
bool WithoutExponent(std::string_view text, std::string& out);

// A JSON number as a double; nothing for anything else, and for what a double could only take as
// infinity or, being too small, as 0.
std::optional<double> ReadDouble(std::string_view text);

// 0/1, "true"/"false", "YES"/"NO" in any case.
std::optional<bool> ReadBool(std::string_view text);

}  // namespace msp::codec
