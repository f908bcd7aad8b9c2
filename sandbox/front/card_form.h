// SPDX-License-Identifier: Apache-2.0

// A card typed into a form: the payment page's and the payment component's.
//
// Plain functions; any thread. The number and the security code are in `data` only, which the
// caller zeroizes.
#pragma once

#include <vector>

#include "sandbox/core/order.h"
#include "sandbox/front/html.h"
#include "sandbox/http/message.h"

namespace msp::sandbox {

// The card form: its members as gateway_info has them, and what is wrong with them.
struct CardForm {
  Json data = Json::object();
  TypedCard typed;
  std::vector<FormProblem> problems;
};

// `form` has its members as a query.
CardForm ReadCardForm(const HttpRequest& form);

void ZeroizeCard(Json& card_data);

}  // namespace msp::sandbox
