// The cart's arithmetic, in decimals as MultiSafepay's rounding rule has it: the sum of the items
// and the sum of the tax are each rounded half up to cents, then added. Never in doubles.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/core/order.h"

namespace msp::sandbox {

struct CartTotals {
  bool ok = true;
  std::int64_t items_cents = 0;
  std::int64_t tax_cents = 0;
  std::string tax;    // "9.83"
  std::string total;  // "74.95"
};

// Reads shopping_cart and checkout_options of a request body.
CartTotals ComputeCart(const Json& body);

enum class CartVerdict : std::uint8_t { kRight, kWrongTotal, kOtherCurrency, kBadRate };
CartVerdict CheckCartTotal(const Json& body, std::int64_t amount, const std::string& currency);

// The answer's form of checkout_options: one level less than the request's.
Json EchoedTaxTables(const Json& checkout_options);

}  // namespace msp::sandbox
