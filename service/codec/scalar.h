// SPDX-License-Identifier: Apache-2.0

// The strict grammar of JSON's single values, and their tolerant conversions. Internal to the
// codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msp::codec {

// True for a number by RFC 8259: no leading zeros, no "+1", "1.", ".5", "1e", "-".
bool IsJsonNumber(std::string_view text);

// A string's content after its escapes are replaced in place.
struct Unescaped {
  std::size_t size = 0;
  // False: it had an invalid escape. Half a surrogate pair became U+FFFD; an escape that JSON does
  // not have stays as written.
  bool readable = true;
};

// `begin` to `end` is the content between the quotes.
Unescaped Unescape(char* begin, char* end);

// An integer from a text of digits, with leading zeros allowed; nothing for other texts or out of
// range. A text with a fraction is refused, even of zeros: in a member of minor units "10.00" may
// mean ten major units.
std::optional<std::int64_t> ReadSigned(std::string_view text);
std::optional<std::uint64_t> ReadUnsigned(std::string_view text);

// An integer from a number: the same digits, and a JSON number with a fraction or an exponent whose
// value is whole (1000.0, 1e3, 1.5e1).
std::optional<std::int64_t> ReadSignedNumber(std::string_view text);
std::optional<std::uint64_t> ReadUnsignedNumber(std::string_view text);

// The maximum of a number's digits, and of the zeros between its point and them.
inline constexpr std::int64_t kPlainDigitsMax = 40;

// Writes the JSON number `text` without its exponent, every digit kept: 1.2e3 is 1200. False when
// that would take more than kPlainDigitsMax of either.
bool WithoutExponent(std::string_view text, std::string& out);

// A JSON number as a double; nothing for other texts, and for numbers that would become infinity
// or, because they are too small, 0.
std::optional<double> ReadDouble(std::string_view text);

// 0/1, "true"/"false", "YES"/"NO" in any case.
std::optional<bool> ReadBool(std::string_view text);

}  // namespace msp::codec
