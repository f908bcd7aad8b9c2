// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/polymorphism.h"

#include <charconv>

namespace msp::sandbox {
namespace {

// The possible JSON types of one scalar under --polymorphism.
void Vary(Json& object, const char* name, Random& random) {
  if (!object.is_object()) return;
  const auto found = object.find(name);
  if (found == object.end()) return;
  const bool empty =
      found->is_null() || (found->is_string() && found->get_ref<const std::string&>().empty());
  if (empty) {
    switch (random.Below(3)) {
      case 0:
        *found = nullptr;
        break;
      case 1:
        *found = "";
        break;
      default:
        object.erase(found);
        break;
    }
  } else if (found->is_string()) {
    if (random.Below(2) == 0) *found = NumericWherePossible(found->get_ref<const std::string&>());
  } else if (found->is_number() && random.Below(2) == 0) {
    *found = found->dump();
  }
}

void MakeNumeric(Json& object, const char* name) {
  if (!object.is_object()) return;
  const auto found = object.find(name);
  if (found != object.end() && found->is_string())
    *found = NumericWherePossible(found->get_ref<const std::string&>());
}

constexpr const char* kCardNumbers[] = {"last4", "card_expiry_date", "external_transaction_id"};

void ApplyLegacy(Json& order) {
  MakeNumeric(order, "order_id");
  for (const char* name : kCardNumbers) MakeNumeric(order["payment_details"], name);
  if (order["payment_methods"].is_array()) {
    for (Json& method : order["payment_methods"]) {
      for (const char* name : kCardNumbers) MakeNumeric(method, name);
    }
  }
}

void VaryCart(Json& order, Random& random) {
  const auto cart = order.find("shopping_cart");
  if (cart == order.end() || !cart->is_object()) return;
  const auto items = cart->find("items");
  if (items == cart->end() || !items->is_array()) return;
  for (Json& item : *items) {
    for (const char* name : {"unit_price", "quantity", "description"}) Vary(item, name, random);
  }
}

void ApplyChaos(bool php, Random& random, Json& order) {
  for (const char* name : {"order_id", "transaction_id", "items", "var1", "var2", "var3", "reason",
                           "reason_code", "related_transactions", "order_total"}) {
    Vary(order, name, random);
  }
  if (order.contains("related_transactions") && order["related_transactions"] == "") {
    order["related_transactions"] = nullptr;
  }
  if (order["amount_refunded"] == 0 && random.Below(2) == 0) {
    order.erase("amount_refunded");
  }
  Json& details = order["payment_details"];
  for (const char* name : {"last4", "card_expiry_date", "external_transaction_id", "recurring_id",
                           "recurring_model", "recurring_flow", "authorization_code",
                           "response_code", "account_holder_name", "card_acceptor_id", "mcc"}) {
    Vary(details, name, random);
  }
  Json& methods = order["payment_methods"];
  if (methods.is_array()) {
    for (Json& method : methods) {
      for (const char* name : kCardNumbers) Vary(method, name, random);
      if (random.Below(4) == 0) method["amount"] = 1;
    }
  } else if (random.Below(2) == 0) {
    order.erase("payment_methods");
  }
  Json& costs = order["costs"];
  if (costs.is_array() && costs.size() == 1) {
    Vary(costs[0], "transaction_id", random);
    // The schema has an object here, on which typed readers of the samples' array end.
    if (random.Below(3) == 0 && php) costs = Json(costs[0]);
  }
  for (const char* name :
       {"address2", "phone2", "state", "country_name", "house_number", "last_name"}) {
    Vary(order["customer"], name, random);
  }
  VaryCart(order, random);
  if (!php) return;
  for (const char* name : {"payment_details", "customer", "custom_info"}) {
    if (order.contains(name) && order[name].is_object() && order[name].empty())
      order[name] = Json::array();
  }
}

}  // namespace

void ApplyPolymorphism(Polymorphism polymorphism, Random& random, Json& order) {
  switch (polymorphism) {
    case Polymorphism::kModern:
      break;
    case Polymorphism::kLegacy:
      ApplyLegacy(order);
      break;
    case Polymorphism::kChaos:
      ApplyChaos(false, random, order);
      break;
    case Polymorphism::kChaosPhp:
      ApplyChaos(true, random, order);
      break;
  }
}

Json NumericWherePossible(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return text;
  if (text[0] == '-' || (text[0] == '0' && text.size() > 1)) return text;
  return value;
}

}  // namespace msp::sandbox
