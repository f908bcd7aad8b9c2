// The strict grammar of JSON's single values, and what a tolerant reader takes from them. Internal
// to the codec.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace msp::codec {

// Whether `text` is a number by RFC 8259: no leading zeros, no "+1", "1.", ".5", "1e", "-".
bool IsJsonNumber(std::string_view text);

// The length of the string's content after replacing its escapes in place; nothing for a bad escape
// or half a surrogate pair. `begin` to `end` is what stands between the quotes.
std::optional<std::size_t> Unescape(char* begin, char* end);

// An integer from digits, with leading zeros and a fraction of zeros allowed, no exponent; nothing
// when it is something else or out of range.
std::optional<std::int64_t> ReadSigned(std::string_view text);
std::optional<std::uint64_t> ReadUnsigned(std::string_view text);

// A JSON number as a double; nothing for anything else, and for what a double could only take as
// infinity or, being too small, as 0.
std::optional<double> ReadDouble(std::string_view text);

// 0/1, "true"/"false", "YES"/"NO" in any case.
std::optional<bool> ReadBool(std::string_view text);

}  // namespace msp::codec
