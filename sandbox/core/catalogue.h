// What does not change: payment methods, gateways, issuers, currencies, categories.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/answer.h"
#include "sandbox/core/order.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

// The gateway's code in upper case; empty when there is no such gateway. "CREDITCARD" counts.
std::string KnownGateway(std::string_view code);

// CREDITCARD or a card scheme.
bool IsCardGateway(std::string_view gateway);

bool IsKnownCurrency(std::string_view currency);

Answer ListGateways(bool with_coupons);
Answer GetGateway(std::string_view id);
Answer ListIssuers(std::string_view gateway);

// Filters of `GET /payment-methods`; empty means any.
struct MethodFilter {
  std::string amount;
  std::string country;
  std::string currency;
  std::string type;
  bool group_cards = false;
  bool with_coupons = false;
};
Answer ListPaymentMethods(const MethodFilter& filter);
Answer GetPaymentMethod(std::string_view id);
Answer ListCategories();
Answer GetMe(const Site& site);
Answer ListClosingBalances(const Site& site, std::string_view currency);

}  // namespace msp::sandbox
