// SPDX-License-Identifier: Apache-2.0

// The JSON of an order, a transaction and a token, in the shapes that the API is known to give.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/core/order.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

// The order object (create direct, get, webhook), in the modern shape.
Json RenderOrder(const Order& order, const Settings& settings);

// What the order costs the merchant, in the currency's smallest unit.
std::int64_t CostMinor(const Order& order);

// payment, refund or chargeback.
std::string_view TransactionType(const Order& order);

// The transaction object of `GET /transactions`.
Json RenderTransaction(const Order& order);

Json RenderToken(const Token& token, int year_month_now);

// The page of customer_verification: a form that carries the challenge's opaque values to the
// simulator, sent by itself where scripts run, by a button elsewhere.
std::string ChallengeForm(const Order& order, std::string_view public_base);

}  // namespace msp::sandbox
