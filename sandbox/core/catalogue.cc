// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/catalogue.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "sandbox/core/gateways.h"

namespace msp::sandbox {
namespace {

constexpr std::string_view kCurrencies[] = {
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP",
    "HKD", "HRK", "HUF", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PEN",
    "PHP", "PLN", "RON", "RUB", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VEF", "ZAR"};

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool IsCard(const Gateway& gateway) { return gateway.family == Family::kCard; }
bool IsCoupon(const Gateway& gateway) { return gateway.family == Family::kCoupon; }

struct Issuer {
  std::string_view code;
  std::string_view name;
  std::string_view bic;
};
constexpr Issuer kIdealIssuers[] = {
    {"0031", "ABN AMRO", "ABNANL2A"}, {"0721", "ING", "INGBNL2A"},
    {"0021", "Rabobank", "RABONL2U"}, {"0751", "SNS Bank", "SNSBNL2A"},
    {"0511", "Triodos", "TRIONL2U"},  {"3151", "Test bank", "TESTNL2A"}};
constexpr Issuer kMyBankIssuers[] = {{"CT000125-it", "Banca di prova", "TESTITMM"},
                                     {"CT000126-it", "Cassa di prova", "TESTITRR"}};

std::span<const Issuer> IssuersOf(std::string_view gateway) {
  if (gateway == "IDEAL") return kIdealIssuers;
  if (gateway == "MYBANK") return kMyBankIssuers;
  return {};
}

Json Icons(std::string_view id) {
  std::string name(id);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string base = "https://media.multisafepay.com/img/methods/";
  return {{"large", base + "3x/" + name + ".png"},
          {"medium", base + "2x/" + name + ".png"},
          {"vector", base + "svg/" + name + ".svg"}};
}

Json Words(std::string_view text) {
  Json list = Json::array();
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    list.push_back(std::string(text.substr(0, space)));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return list;
}

Json Describe(const Gateway& method) {
  const bool card = IsCard(method);
  const bool captures = card && method.id != "AMEX";
  const bool qr = method.id == "IDEALQR" || method.id == "MISTERCASH" || method.id == "WECHAT";
  const bool later = method.family == Family::kPayLater || method.family == Family::kInvoice;
  Json currencies = Json::array({"EUR"});
  if (!method.euro_only) {
    currencies.clear();
    for (std::string_view currency : kCurrencies) currencies.push_back(std::string(currency));
  }
  Json brands = Json::array();
  if (method.id == "VISA") {
    brands.push_back({{"id", "POSTEPAY"}, {"name", "PostePay"}, {"icon_urls", Icons("POSTEPAY")}});
  }
  Json models = nullptr;
  if (card) models = {{"cardonfile", true}, {"subscription", true}, {"unscheduled", true}};
  Json additional = Json::object();
  for (const Issuer& issuer : IssuersOf(method.id)) {
    additional["issuers"].push_back({{"code", std::string(issuer.code)},
                                     {"name", std::string(issuer.name)},
                                     {"bic", std::string(issuer.bic)}});
  }
  return {{"additional_data", std::move(additional)},
          {"allowed_amount", {{"min", card ? 0 : 1}, {"max", nullptr}}},
          {"allowed_countries", Words(method.countries)},
          {"allowed_currencies", std::move(currencies)},
          {"apps",
           {{"fastcheckout", {{"is_enabled", true}, {"qr", {{"supported", false}}}}},
            {"payment_components",
             {{"has_fields", card}, {"is_enabled", true}, {"qr", {{"supported", qr}}}}}}},
          {"brands", std::move(brands)},
          {"icon_urls", Icons(method.id)},
          {"id", std::string(method.id)},
          {"is_wallet", method.family == Family::kWallet},
          {"manual_capture", {{"is_enabled", captures}, {"supported", captures}}},
          {"name", std::string(method.name)},
          {"preferred_countries", Words(method.countries)},
          {"required_customer_data", Json::array()},
          {"shopping_cart_required", later},
          {"tokenization", {{"is_enabled", card}, {"models", std::move(models)}}},
          {"type", IsCoupon(method) ? "coupon" : "payment-method"}};
}

bool Allows(const Gateway& method, const MethodFilter& filter) {
  if (IsCoupon(method) && !filter.with_coupons && filter.type != "coupon") return false;
  if (filter.type == "coupon" && !IsCoupon(method)) return false;
  if (filter.type == "payment-method" && IsCoupon(method)) return false;
  if (!filter.currency.empty() && !IsKnownCurrency(filter.currency)) return false;
  if (!filter.currency.empty() && method.euro_only && filter.currency != "EUR") return false;
  if (filter.country.empty() || method.countries.empty()) return true;
  return method.countries.find(Upper(filter.country)) != std::string_view::npos;
}

}  // namespace

std::string KnownGateway(std::string_view code) {
  if (Upper(code) == "CREDITCARD") return "CREDITCARD";
  const Gateway* method = FindGateway(code);
  return method == nullptr ? std::string() : std::string(method->id);
}

bool IsCardGateway(std::string_view gateway) {
  if (gateway == "CREDITCARD") return true;
  const Gateway* method = FindGateway(gateway);
  return method != nullptr && IsCard(*method);
}

bool IsKnownCurrency(std::string_view currency) {
  return std::find(std::begin(kCurrencies), std::end(kCurrencies), currency) !=
         std::end(kCurrencies);
}

int CurrencyDecimals(std::string_view currency) {
  static constexpr std::string_view kWhole[] = {"CLP", "ISK", "JPY", "KRW"};
  return std::find(std::begin(kWhole), std::end(kWhole), currency) == std::end(kWhole) ? 2 : 0;
}

ApiResponse ListGateways(bool with_coupons) {
  Json list = Json::array();
  bool first_coupon = true;
  for (const Gateway& method : AllGateways()) {
    Json entry{{"id", std::string(method.id)}, {"description", std::string(method.name)}};
    if (IsCoupon(method)) {
      // Without `include=coupons` one of them stands for all.
      if (!with_coupons && !first_coupon) continue;
      first_coupon = false;
      entry["type"] = "coupon";
    }
    list.push_back(std::move(entry));
  }
  return Success(std::move(list));
}

ApiResponse GetGateway(std::string_view id) {
  const Gateway* method = FindGateway(id);
  if (method == nullptr) return ErrorResponse(1023);
  return Success({{"id", std::string(method->id)}, {"description", std::string(method->name)}});
}

ApiResponse ListIssuers(std::string_view gateway) {
  Json list = Json::array();
  for (const Issuer& issuer : IssuersOf(Upper(gateway))) {
    list.push_back({{"code", std::string(issuer.code)}, {"description", std::string(issuer.name)}});
  }
  return list.empty() ? ErrorResponse(1023) : Success(std::move(list));
}

bool IsKnownIssuer(std::string_view gateway, std::string_view issuer_id) {
  const std::span<const Issuer> issuers = IssuersOf(gateway);
  return issuers.empty() || std::any_of(issuers.begin(), issuers.end(), [&](const Issuer& issuer) {
           return issuer.code == issuer_id;
         });
}

ApiResponse ListPaymentMethods(const MethodFilter& filter) {
  Json list = Json::array();
  std::int64_t amount = 0;
  const auto [end, error] =
      std::from_chars(filter.amount.data(), filter.amount.data() + filter.amount.size(), amount);
  const bool impossible =
      !filter.amount.empty() && (error != std::errc() || amount < 0 || *end != '\0');
  bool card_listed = false;
  for (const Gateway& method : AllGateways()) {
    if (impossible || !Allows(method, filter)) continue;
    if (filter.group_cards && IsCard(method)) {
      if (card_listed) continue;
      card_listed = true;
      Json group = Describe(method);
      group["id"] = "CREDITCARD";
      group["name"] = "Card payment";
      for (const Gateway& card : AllGateways()) {
        if (!IsCard(card)) continue;
        group["brands"].push_back({{"id", std::string(card.id)},
                                   {"name", std::string(card.name)},
                                   {"icon_urls", Icons(card.id)}});
      }
      list.push_back(std::move(group));
      continue;
    }
    list.push_back(Describe(method));
  }
  return Success(std::move(list));
}

ApiResponse GetPaymentMethod(std::string_view id) {
  const Gateway* method = FindGateway(id);
  return method == nullptr ? ErrorResponse(1023) : Success(Describe(*method));
}

ApiResponse ListCategories() {
  static constexpr std::pair<int, std::string_view> kCategories[] = {{1, "Clothing and shoes"},
                                                                     {2, "Electronics"},
                                                                     {3, "Food and drinks"},
                                                                     {4, "Travel"},
                                                                     {5, "Other"}};
  Json list = Json::array();
  for (const auto& [code, description] : kCategories) {
    list.push_back({{"code", code}, {"description", std::string(description)}});
  }
  return Success(std::move(list));
}

ApiResponse GetMe(const Site& site) {
  return Success({{"account_id", site.account_id}, {"role", site.role}, {"site_id", site.site_id}});
}

}  // namespace msp::sandbox
