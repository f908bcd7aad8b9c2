// SPDX-License-Identifier: Apache-2.0

// A reply as a table for people.
#pragma once

#include <string>
#include <string_view>

namespace msp::cli {

// `reply` is the reply as JSON. One object becomes lines of key and value, the payment's state
// first; a list becomes one line an element with `columns`, space separated. Amounts in minor units
// are shown in major ones with their currency; currencies whose minor unit MultiSafepay does not
// document are shown in minor units, and say so.
std::string Table(std::string_view reply, std::string_view columns);

// "12.34 EUR", "10 JPY", "1000 KRW (minor units)".
std::string Money(std::int64_t minor_units, std::string_view currency);

}  // namespace msp::cli
