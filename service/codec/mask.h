// SPDX-License-Identifier: Apache-2.0

// How a sensitive value looks in a log. Internal to the codec.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "multisafepay/v1/options.pb.h"

namespace msp::codec {

// What a card number has: the shortest and the longest.
inline constexpr std::size_t kCardDigitsMin = 12;
inline constexpr std::size_t kCardDigitsMax = 19;

// Stands for what is not shown; the same length whatever it hides.
inline constexpr std::string_view kMask = "***";

// Cardholder data: first six and last four digits, and only of 13 digits or more, where at least
// three stay hidden; anything else is hidden whole. Authentication data: nothing. Personal data:
// the first character.
std::string MaskedText(multisafepay::v1::Sensitivity sensitive, std::string_view text);

}  // namespace msp::codec
