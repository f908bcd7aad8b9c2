// SPDX-License-Identifier: Apache-2.0

// The form of sensitive values in logs. Internal to the codec.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "multisafepay/v1/options.pb.h"

namespace msp::codec {

// The digits of a card number: minimum and maximum.
inline constexpr std::size_t kCardDigitsMin = 12;
inline constexpr std::size_t kCardDigitsMax = 19;

// Replaces a hidden value; its length is constant.
inline constexpr std::string_view kMask = "***";

// Cardholder data: first six and last four digits, and only of 13 digits or more, where at least
// three stay hidden; anything else is hidden completely. Authentication data: nothing. Personal
// data: the first character.
std::string MaskedText(multisafepay::v1::Sensitivity sensitive, std::string_view text);

}  // namespace msp::codec
