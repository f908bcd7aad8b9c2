// SPDX-License-Identifier: Apache-2.0

// Static data: payment methods, gateways, issuers, currencies, categories.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/api_response.h"
#include "sandbox/core/order.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

// The gateway's code in upper case; empty when there is no such gateway. "CREDITCARD" counts.
std::string KnownGateway(std::string_view code);

// CREDITCARD or a card scheme.
bool IsCardGateway(std::string_view gateway);

bool IsKnownCurrency(std::string_view currency);

// How many decimals the currency's amounts have: 2, or 0 for JPY and its like.
int CurrencyDecimals(std::string_view currency);

ApiResponse ListGateways(bool with_coupons);
ApiResponse GetGateway(std::string_view id);
ApiResponse ListIssuers(std::string_view gateway);
// True as well for a gateway without a list of issuers.
bool IsKnownIssuer(std::string_view gateway, std::string_view issuer_id);

// Filters of `GET /payment-methods`; empty means any.
struct MethodFilter {
  std::string amount;
  std::string country;
  std::string currency;
  std::string type;
  bool group_cards = false;
  bool with_coupons = false;
};
ApiResponse ListPaymentMethods(const MethodFilter& filter);
ApiResponse GetPaymentMethod(std::string_view id);
ApiResponse ListCategories();
ApiResponse GetMe(const Site& site);

}  // namespace msp::sandbox
