// SPDX-License-Identifier: Apache-2.0

// Interprets an answered order: one payment state from both statuses and the payment method
// (method_states.h), what the customer has to do next, and why a payment was declined. Tables that
// read like MultiSafepay's documentation.
#pragma once

#include <string_view>

#include "multisafepay/v1/order.pb.h"

namespace msp::payments {

// Fills the fields of `order` that are ours: payment_state, next_action, decline and the derived
// times.
void CompleteOrder(multisafepay::v1::Order& order);

// The state alone; `next_action_known` decides between REQUIRES_ACTION and PENDING.
multisafepay::v1::PaymentState StateOf(const multisafepay::v1::Order& order,
                                       bool next_action_known);

// True for a pair of statuses whose state is a guess, because it is not documented for the order's
// method. Counted, so that it is noticed. `order` must be completed.
bool IsUndocumentedState(const multisafepay::v1::Order& order);

// The category of a decline and what may be tried next.
multisafepay::v1::Decline DeclineOf(std::string_view reason_code, std::string_view reason);

}  // namespace msp::payments
