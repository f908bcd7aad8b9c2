// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/cart.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "sandbox/core/catalogue.h"
#include "sandbox/core/read.h"

namespace msp::sandbox {
namespace {

using Wide = __int128;

// Ten decimals for prices, five for quantities, six for rates: the largest cart fits 127 bits.
constexpr int kPriceDecimals = 10;
constexpr int kQuantityDecimals = 5;
constexpr int kRateDecimals = 6;
constexpr std::size_t kItemsMax = 10'000;

Wide Power10(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// The exact digits of a JSON number or numeric text, scaled by 10^decimals and cut there.
std::optional<Wide> Scaled(const Json* number, int decimals) {
  if (number == nullptr || number->is_null()) return 0;
  std::string text = number->is_string()   ? number->get<std::string>()
                     : number->is_number() ? number->dump()
                                           : "x";
  // Shortest round-trip forms of tiny or huge doubles have an exponent.
  if (text.find_first_of("eE") != std::string::npos) {
    char fixed[400];
    std::snprintf(fixed, sizeof fixed, "%.12f", std::strtod(text.c_str(), nullptr));
    text = fixed;
  }
  const bool negative = !text.empty() && text[0] == '-';
  Wide value = 0;
  int digits = 0, after_point = -1;
  for (const char c : std::string_view(text).substr(negative ? 1 : 0)) {
    if (c == '.' && after_point < 0) {
      after_point = 0;
    } else if (c >= '0' && c <= '9') {
      if (after_point == decimals) continue;
      if (++digits > 24) return std::nullopt;
      value = value * 10 + (c - '0');
      if (after_point >= 0) ++after_point;
    } else {
      return std::nullopt;
    }
  }
  if (digits == 0) return std::nullopt;
  value *= Power10(decimals - (after_point < 0 ? 0 : after_point));
  return negative ? -value : value;
}

// Half up, away from zero for negative sums.
std::int64_t Rounded(Wide value, int decimals, int kept) {
  const Wide unit = Power10(decimals - kept);
  const Wide rounded = value >= 0 ? (value + unit / 2) / unit : -((-value + unit / 2) / unit);
  return static_cast<std::int64_t>(rounded);
}

// The rate of an item's tax table; nothing when the text of a rate is no number.
std::optional<Wide> RateOf(const Json& tables, const std::string& selector) {
  const Json* alternates = Member(tables, "alternate");
  if (!selector.empty() && alternates != nullptr && alternates->is_array()) {
    for (const Json& table : *alternates) {
      if (TextMember(table, "name") != selector) continue;
      const Json* rules = Member(table, "rules");
      if (rules == nullptr || !rules->is_array() || rules->empty()) return 0;
      return Scaled(Member(rules->front(), "rate"), kRateDecimals);
    }
  }
  return Scaled(Member(ObjectMember(tables, "default"), "rate"), kRateDecimals);
}

// One line of a cart: scaled by price and quantity decimals, and that with the rate's.
struct Line {
  Wide net = 0;
  Wide tax = 0;
  bool negative = false;
};

// Nothing when a number is unreadable or beyond the bounds, which keep every sum inside 64 bits of
// minor units; a rate above 1 is a percentage by mistake.
std::optional<Line> ReadLine(const Json& item, const Json& tables) {
  const auto price = Scaled(Member(item, "unit_price"), kPriceDecimals);
  const auto quantity = Scaled(Member(item, "quantity"), kQuantityDecimals);
  const auto rate = RateOf(tables, TextMember(item, "tax_table_selector").value_or(""));
  const Wide price_max = Power10(kPriceDecimals + 7);
  const Wide quantity_max = Power10(kQuantityDecimals + 5);
  if (!price || !quantity || !rate || *price > price_max || *price < -price_max ||
      *quantity > quantity_max || *quantity < -quantity_max || *rate > Power10(kRateDecimals) ||
      *rate < 0) {
    return std::nullopt;
  }
  const Wide net = *price * *quantity;
  return Line{net, net * *rate, *price < 0 || *quantity < 0};
}

std::string Major(std::int64_t minor, int decimals) {
  if (decimals == 0) return std::to_string(minor);
  char text[40];
  std::snprintf(text, sizeof text, "%s%lld.%02lld", minor < 0 ? "-" : "", std::llabs(minor) / 100,
                std::llabs(minor) % 100);
  return text;
}

struct Sums {
  std::int64_t items = 0;
  std::int64_t tax = 0;
};

Sums RoundedSums(Wide net, Wide tax, int decimals) {
  constexpr int kNetDecimals = kPriceDecimals + kQuantityDecimals;
  return {Rounded(net, kNetDecimals, decimals),
          Rounded(tax, kNetDecimals + kRateDecimals, decimals)};
}

}  // namespace

CartTotals ComputeCart(const Json& body, const std::string& currency) {
  CartTotals totals;
  const int decimals = CurrencyDecimals(currency);
  Wide net = 0, tax = 0;
  const Json& tables = ObjectMember(ObjectMember(body, "checkout_options"), "tax_tables");
  const Json* items = Member(ObjectMember(body, "shopping_cart"), "items");
  if (items != nullptr && items->is_array() && items->size() <= kItemsMax) {
    for (const Json& item : *items) {
      const auto line = ReadLine(item, tables);
      if (!line) {
        totals.ok = false;
        continue;
      }
      net += line->net;
      tax += line->tax;
    }
  }
  const Sums sums = RoundedSums(net, tax, decimals);
  totals.items = sums.items;
  totals.tax = sums.tax;
  totals.tax_text = Major(sums.tax, decimals);
  totals.total_text = Major(sums.items + sums.tax, decimals);
  return totals;
}

std::int64_t RefundOfLines(const Json& items, const Json& tax_tables, const std::string& currency) {
  if (!items.is_array() || items.size() > kItemsMax) return 0;
  Wide net = 0, tax = 0;
  for (const Json& item : items) {
    const auto line = ReadLine(item, tax_tables);
    if (!line) return 0;
    if (!line->negative) continue;
    // A negative price of a negative quantity is money back as well.
    net += line->net < 0 ? -line->net : line->net;
    tax += line->tax < 0 ? -line->tax : line->tax;
  }
  const Sums sums = RoundedSums(net, tax, CurrencyDecimals(currency));
  return sums.items + sums.tax;
}

CartCheck CheckCartTotal(const Json& body, std::int64_t amount, const std::string& currency) {
  const Json* items = Member(ObjectMember(body, "shopping_cart"), "items");
  if (items != nullptr && items->is_array()) {
    for (const Json& item : *items) {
      const auto item_currency = TextMember(item, "currency");
      if (item_currency && *item_currency != currency) return CartCheck::kOtherCurrency;
    }
  }
  const CartTotals totals = ComputeCart(body, currency);
  if (!totals.ok) return CartCheck::kBadRate;
  return totals.items + totals.tax == amount ? CartCheck::kRight : CartCheck::kWrongTotal;
}

Json EchoedTaxTables(const Json& checkout_options) {
  const Json& tables = ObjectMember(checkout_options, "tax_tables");
  const Json* alternate = Member(tables, "alternate");
  const Json* standard = Member(tables, "default");
  return {{"alternate",
           alternate != nullptr && alternate->is_array() ? Normalized(*alternate) : Json::array()},
          {"default",
           standard != nullptr && standard->is_object() ? Normalized(*standard) : Json::array()}};
}

}  // namespace msp::sandbox
