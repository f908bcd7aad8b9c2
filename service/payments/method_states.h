// SPDX-License-Identifier: Apache-2.0

// Pairs of statuses whose meaning depends on the payment method: one table, in the order of
// MultiSafepay's pages of the methods. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "multisafepay/v1/order.pb.h"

namespace msp::payments {

// The gateway id of the method that paid, or is to pay: payment_details.type, else the newest entry
// of payment_methods that is no gift card (a gift card pays a part, the other method the rest).
// Entries have no time; MultiSafepay appends them. "" when the order names none.
std::string_view MethodOf(const multisafepay::v1::Order& order);

// True where the method is known to refund by the cart's items (contract 5.6): pay later, invoices.
bool RefundsByItems(const multisafepay::v1::Order& order);

// The state that the order's method gives to its pair of statuses; nothing where the method is
// unknown or has no own meaning for the pair.
std::optional<multisafepay::v1::PaymentState> StateByMethod(const multisafepay::v1::Order& order);

}  // namespace msp::payments
