// SPDX-License-Identifier: Apache-2.0

// The card of a request: of `gateway_info`, of a payment component's payload, of the page's form.
#pragma once

#include <string>

#include "sandbox/core/cards.h"
#include "sandbox/core/order.h"

namespace msp::sandbox {

// The card, or the error that refuses it: 1024 for the number, 1016 for the rest.
struct CardRead {
  int error = 0;
  Card card;
};
CardRead ReadCard(const Json& info, const std::string& gateway, bool cvc_optional, bool on_page);

// YYMM with a month; a JSON integer has lost its leading zeros. Empty when it is none.
std::string ReadExpiry(const Json& info);

}  // namespace msp::sandbox
