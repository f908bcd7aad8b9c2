// SPDX-License-Identifier: Apache-2.0

// Rounds a decimal number as text, since a double cannot represent it exactly. Internal to the
// codec. Any thread; no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace msp::codec {

// The maximum of a field's decimals: the digits of the smallest number that is not rounded to 0
// still fit into kNumberBytesMax.
inline constexpr std::uint32_t kDecimalsMax = 10;

// Whether the JSON number `text` may have more decimals than that. Few have.
bool HasMoreDecimals(std::string_view text, std::uint32_t decimals);

// `text`, the shortest text of a finite double, with at most that many decimals: rounded half away
// from zero, without exponent and trailing zeros; zero has no sign.
std::string RoundedText(std::string_view text, std::uint32_t decimals);

}  // namespace msp::codec
