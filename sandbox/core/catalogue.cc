#include "sandbox/core/catalogue.h"

#include <algorithm>
#include <charconv>

namespace msp::sandbox {
namespace {

struct Method {
  std::string_view id;
  std::string_view name;
  enum Kind : std::uint8_t { kCard, kOther, kCoupon } kind;
  // Upper-case country codes it is limited to, separated by spaces; empty means everywhere.
  std::string_view countries;
  bool euro_only;
  bool manual_capture;
};

constexpr Method kMethods[] = {
    {"VISA", "Visa", Method::kCard, "", false, true},
    {"MASTERCARD", "Mastercard", Method::kCard, "", false, true},
    {"MAESTRO", "Maestro", Method::kCard, "", false, true},
    {"AMEX", "American Express", Method::kCard, "", false, false},
    {"IDEAL", "iDEAL", Method::kOther, "NL", true, false},
    {"MISTERCASH", "Bancontact", Method::kOther, "BE", true, false},
    {"PAYPAL", "PayPal", Method::kOther, "", false, false},
    {"BANKTRANS", "Bank transfer", Method::kOther, "", true, false},
    {"DIRDEB", "SEPA Direct Debit", Method::kOther, "", true, false},
    {"DIRECTBANK", "Sofort", Method::kOther, "DE AT BE", true, false},
    {"TRUSTLY", "Trustly", Method::kOther, "", true, false},
    {"KLARNA", "Klarna", Method::kOther, "NL DE AT", true, false},
    {"PAYAFTER", "Pay After Delivery", Method::kOther, "NL", true, false},
    {"BNPL_MF", "Pay After Delivery", Method::kOther, "NL", true, false},
    {"EINVOICE", "E-Invoicing", Method::kOther, "NL", true, false},
    {"AFTERPAY", "Riverty", Method::kOther, "NL BE DE", true, false},
    {"IN3", "in3", Method::kOther, "NL", true, false},
    {"BILLINK", "Billink", Method::kOther, "NL BE", true, false},
    {"APPLEPAY", "Apple Pay", Method::kOther, "", false, false},
    {"GOOGLEPAY", "Google Pay", Method::kOther, "", false, false},
    {"AMAZONBTN", "Amazon Pay", Method::kOther, "", false, false},
    {"ALIPAY", "Alipay", Method::kOther, "", false, false},
    {"WECHAT", "WeChat Pay", Method::kOther, "", false, false},
    {"EPS", "EPS", Method::kOther, "AT", true, false},
    {"MBWAY", "MB WAY", Method::kOther, "PT", true, false},
    {"MULTIBANCO", "Multibanco", Method::kOther, "PT", true, false},
    {"EDENCOM", "Ticket Compliments", Method::kCoupon, "BE", true, false},
    {"EDENECO", "Ticket EcoCheque", Method::kCoupon, "BE", true, false},
    {"VVVGIFTCRD", "VVV Cadeaukaart", Method::kCoupon, "NL", true, false},
};

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

const Method* FindMethod(std::string_view id) {
  const std::string upper = Upper(id);
  for (const Method& method : kMethods) {
    if (method.id == upper) return &method;
  }
  return nullptr;
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

Json Describe(const Method& method) {
  const bool card = method.kind == Method::kCard;
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
  const Json additional =
      method.id == "IDEAL" ? Json{{"issuers", ListIssuers("ideal").body["data"]}} : Json::object();
  return {{"additional_data", additional},
          {"allowed_amount", {{"min", card ? 0 : 1}, {"max", nullptr}}},
          {"allowed_countries", Words(method.countries)},
          {"allowed_currencies", std::move(currencies)},
          {"apps",
           {{"fastcheckout", {{"is_enabled", true}, {"qr", {{"supported", false}}}}},
            {"payment_components",
             {{"has_fields", card}, {"is_enabled", true}, {"qr", {{"supported", false}}}}}}},
          {"brands", std::move(brands)},
          {"icon_urls", Icons(method.id)},
          {"id", std::string(method.id)},
          {"is_wallet", method.id == "APPLEPAY" || method.id == "GOOGLEPAY"},
          {"manual_capture",
           {{"is_enabled", method.manual_capture}, {"supported", method.manual_capture}}},
          {"name", std::string(method.name)},
          {"preferred_countries", Words(method.countries)},
          {"required_customer_data", Json::array()},
          {"shopping_cart_required", method.id == "KLARNA" || method.id == "BNPL_MF"},
          {"tokenization", {{"is_enabled", card}, {"models", std::move(models)}}},
          {"type", method.kind == Method::kCoupon ? "coupon" : "payment-method"}};
}

bool Allows(const Method& method, const MethodFilter& filter) {
  if (method.kind == Method::kCoupon && !filter.with_coupons && filter.type != "coupon")
    return false;
  if (filter.type == "coupon" && method.kind != Method::kCoupon) return false;
  if (filter.type == "payment-method" && method.kind == Method::kCoupon) return false;
  if (!filter.currency.empty() && !IsKnownCurrency(filter.currency)) return false;
  if (!filter.currency.empty() && method.euro_only && filter.currency != "EUR") return false;
  if (filter.country.empty() || method.countries.empty()) return true;
  return method.countries.find(Upper(filter.country)) != std::string_view::npos;
}

}  // namespace

std::string KnownGateway(std::string_view code) {
  if (Upper(code) == "CREDITCARD") return "CREDITCARD";
  const Method* method = FindMethod(code);
  return method == nullptr ? std::string() : std::string(method->id);
}

bool IsCardGateway(std::string_view gateway) {
  if (gateway == "CREDITCARD") return true;
  const Method* method = FindMethod(gateway);
  return method != nullptr && method->kind == Method::kCard;
}

bool IsKnownCurrency(std::string_view currency) {
  return std::find(std::begin(kCurrencies), std::end(kCurrencies), currency) !=
         std::end(kCurrencies);
}

Answer ListGateways(bool with_coupons) {
  Json list = Json::array();
  bool first_coupon = true;
  for (const Method& method : kMethods) {
    Json entry{{"id", std::string(method.id)}, {"description", std::string(method.name)}};
    if (method.kind == Method::kCoupon) {
      // Without `include=coupons` one of them stands for all.
      if (!with_coupons && !first_coupon) continue;
      first_coupon = false;
      entry["type"] = "coupon";
    }
    list.push_back(std::move(entry));
  }
  return Success(std::move(list));
}

Answer GetGateway(std::string_view id) {
  const Method* method = FindMethod(id);
  if (method == nullptr) return Failure(1023);
  return Success({{"id", std::string(method->id)}, {"description", std::string(method->name)}});
}

Answer ListIssuers(std::string_view gateway) {
  if (Upper(gateway) != "IDEAL") return Failure(1023);
  static constexpr std::string_view kIssuers[][2] = {{"0031", "ABN AMRO"}, {"0721", "ING"},
                                                     {"0021", "Rabobank"}, {"0751", "SNS Bank"},
                                                     {"0511", "Triodos"},  {"3151", "Test bank"}};
  Json list = Json::array();
  for (const auto& [code, name] : kIssuers) {
    list.push_back({{"code", std::string(code)}, {"description", std::string(name)}});
  }
  return Success(std::move(list));
}

Answer ListPaymentMethods(const MethodFilter& filter) {
  Json list = Json::array();
  std::int64_t amount = 0;
  const auto [end, error] =
      std::from_chars(filter.amount.data(), filter.amount.data() + filter.amount.size(), amount);
  const bool impossible =
      !filter.amount.empty() && (error != std::errc() || amount < 0 || *end != '\0');
  bool card_listed = false;
  for (const Method& method : kMethods) {
    if (impossible || !Allows(method, filter)) continue;
    if (filter.group_cards && method.kind == Method::kCard) {
      if (card_listed) continue;
      card_listed = true;
      Json group = Describe(method);
      group["id"] = "CREDITCARD";
      group["name"] = "Card payment";
      for (const Method& card : kMethods) {
        if (card.kind != Method::kCard) continue;
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

Answer GetPaymentMethod(std::string_view id) {
  const Method* method = FindMethod(id);
  return method == nullptr ? Failure(1023) : Success(Describe(*method));
}

Answer ListCategories() {
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

Answer GetMe(const Site& site) {
  return Success({{"account_id", site.account_id}, {"role", site.role}, {"site_id", site.site_id}});
}

Answer ListClosingBalances(const Site& site, std::string_view currency) {
  Json list = Json::array();
  if (currency.empty() || currency == "EUR") {
    list.push_back({{"account_id", site.account_id},
                    {"amount", 4'325'465},
                    {"amount_uncleared", 796'112},
                    {"bic", ""},
                    {"closing_date", "2021-11-07"},
                    {"currency", "EUR"},
                    {"iban", "BE47737022313780"},
                    {"payout_amount", 473'733},
                    {"payout_transaction_id", 5'785'522},
                    {"status", "completed"}});
  }
  Answer answer = Success(Json());
  answer.body["page"] = {{"total", list.size()}};
  answer.body["data"] = std::move(list);
  return answer;
}

}  // namespace msp::sandbox
