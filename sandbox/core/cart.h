// SPDX-License-Identifier: Apache-2.0

// The cart's arithmetic, in decimals by MultiSafepay's rounding rule: the sum of the items
// and the sum of the tax are each rounded half up to the currency's smallest unit, then added.
// Never in doubles.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/core/order.h"

namespace msp::sandbox {

struct CartTotals {
  bool ok = true;
  // In the currency's smallest unit.
  std::int64_t items = 0;
  std::int64_t tax = 0;
  std::string tax_text;    // "9.83", or "983" in JPY
  std::string total_text;  // "74.95"
};

// Reads shopping_cart and checkout_options of a request body.
CartTotals ComputeCart(const Json& body, const std::string& currency);

// The amount of a refund by cart lines, VAT included, in the currency's smallest unit: the lines
// of `items` with a negative unit price or a negative quantity, by the order's `tax_tables`
// ({alternate, default}). 0 when there is none or a line is unreadable.
std::int64_t RefundOfLines(const Json& items, const Json& tax_tables, const std::string& currency);

enum class CartCheck : std::uint8_t { kRight, kWrongTotal, kOtherCurrency, kBadRate };
CartCheck CheckCartTotal(const Json& body, std::int64_t amount, const std::string& currency);

// The response's form of checkout_options: one level less than the request's.
Json EchoedTaxTables(const Json& checkout_options);

}  // namespace msp::sandbox
