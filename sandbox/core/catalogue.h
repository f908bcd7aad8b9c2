// SPDX-License-Identifier: Apache-2.0

// Static data: payment methods, gateways, issuers, currencies, categories.
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

// How many decimals the currency's amounts have: 2, or 0 for JPY and its like.
int CurrencyDecimals(std::string_view currency);

Answer ListGateways(bool with_coupons);
Answer GetGateway(std::string_view id);
Answer ListIssuers(std::string_view gateway);
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
Answer ListPaymentMethods(const MethodFilter& filter);
Answer GetPaymentMethod(std::string_view id);
Answer ListCategories();
Answer GetMe(const Site& site);

}  // namespace msp::sandbox
