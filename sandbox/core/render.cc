// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/render.h"

#include <charconv>

#include "sandbox/core/gateways.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/polymorphism.h"
#include "sandbox/core/read.h"
#include "service/base/html.h"

namespace msp::sandbox {
namespace {

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// Major units: 0.6, 29, 7.04. An integer where it is one, so that no library prints it two ways.
Json Major(std::int64_t cents) {
  if (cents % 100 == 0) return cents / 100;
  return static_cast<double>(cents) / 100.0;
}

}  // namespace

std::int64_t CostMinor(const Order& order) {
  if (order.money.authorized == 0) return 0;
  const std::int64_t share = (order.amount * 29 + 500) / 1000;
  return share < 60 ? 60 : share;
}

std::string_view TransactionType(const Order& order) {
  if (IsOutgoing(order)) return order.kind == Kind::kChargeback ? "chargeback" : "refund";
  return "payment";
}

namespace {

const std::string& MethodType(const Order& order) {
  return order.card ? order.card->scheme : order.gateway;
}

Json Costs(const Order& order) {
  if (order.transaction_id == 0 || order.amount == 0) return Json::array();
  const std::int64_t cents = CostMinor(order);
  const std::string name(SchemeName(MethodType(order)));
  Json cost{
      {"amount", Major(cents)},
      {"description", cents == 0 ? std::string() : "2.9 % For " + name + " Transactions (min 0.6)"},
      {"transaction_id", order.transaction_id + 1},
      {"type", "SYSTEM"}};
  return Json::array({std::move(cost)});
}

// The English name of a two-letter country code; null for codes that the table lacks.
Json CountryName(const std::string& code) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"NL", "The Netherlands"}, {"BE", "Belgium"},        {"DE", "Germany"},
      {"FR", "France"},          {"ES", "Spain"},          {"IT", "Italy"},
      {"AT", "Austria"},         {"LU", "Luxembourg"},     {"GB", "United Kingdom"},
      {"IE", "Ireland"},         {"US", "United States"},  {"PT", "Portugal"},
      {"PL", "Poland"},          {"CZ", "Czech Republic"}, {"DK", "Denmark"},
      {"SE", "Sweden"},          {"NO", "Norway"},         {"FI", "Finland"},
      {"CH", "Switzerland"},     {"CN", "China"}};
  for (const auto& [id, name] : kNames) {
    if (id == code) return std::string(name);
  }
  return nullptr;
}

Json Customer(const Order& order) {
  static constexpr const char* kMembers[] = {"address1", "address2",   "city",         "country",
                                             "email",    "first_name", "house_number", "last_name",
                                             "state",    "zip_code"};
  Json customer = Json::object();
  for (const char* name : kMembers) {
    const Json* sent = Member(order.customer, name);
    customer[name] = sent == nullptr ? Json(nullptr) : *sent;
  }
  for (const char* name : {"company_name", "reference"}) {
    if (const Json* sent = Member(order.customer, name)) customer[name] = *sent;
  }
  for (const auto& [ours, theirs] :
       {std::pair("first_name", "firstname"), std::pair("last_name", "lastname")}) {
    const Json* sent = Member(order.customer, theirs);
    if (customer[ours].is_null() && sent != nullptr) customer[ours] = *sent;
  }
  const Json* phone = Member(order.customer, "phone");
  customer["phone1"] = phone == nullptr ? Json(nullptr) : *phone;
  customer["phone2"] = "";
  customer["locale"] = order.locale;
  const auto country = TextMember(order.customer, "country");
  customer["country_name"] = country ? CountryName(*country) : Json(nullptr);
  return customer;
}

void AddAuthentication(const Order& order, Json& details) {
  const Authentication& authentication = order.authentication;
  if (!authentication.flow.empty() && authentication.flow != "exemption" &&
      authentication.status != "N" && authentication.status != "R") {
    details["card_authentication_details"] = {{"flow", authentication.flow}};
  }
  if (authentication.flow == "exemption") {
    details["card_authentication_details"] = {{"flow", "exemption"},
                                              {"exemption", "transaction_risk_analysis"}};
  }
  if (authentication.status.empty()) return;
  Json result{{"acs_transaction_id", authentication.acs_id},
              {"ds_transaction_id", authentication.ds_id},
              {"status", authentication.status},
              {"version", "2.1.0"}};
  if (!authentication.cavv.empty()) result["cavv"] = authentication.cavv;
  if (authentication.status == "Y") result["eci"] = "05";
  if (authentication.status == "A") result["eci"] = "06";
  if (!authentication.status_reason.empty())
    result["transaction_status_reason"] = authentication.status_reason;
  details["card_authentication_result"] = std::move(result);
}

Json PaymentDetails(const Order& order) {
  if (order.transaction_id == 0) return Json::object();
  const Authentication& authentication = order.authentication;
  Json details{{"account_id", nullptr},
               {"external_transaction_id", TextOrNull(order.external_id)},
               {"recurring_flow", TextOrNull(order.recurring.flow)},
               {"recurring_id", TextOrNull(order.recurring.id)},
               {"recurring_model", TextOrNull(order.recurring.model)},
               {"type", MethodType(order)}};
  if (!order.card) {
    details["account_holder_name"] = nullptr;
    if (order.gateway == "IDEAL") details["account_iban"] = "https://example.com/ideal";
    if (order.status == "completed") details["response_code"] = nullptr;
    return details;
  }
  details["account_holder_name"] = order.card->holder;
  details["card_expiry_date"] = TextOrNull(order.card->expiry);
  details["last4"] = order.card->last4;
  AddAuthentication(order, details);
  if (!authentication.response_code.empty())
    details["response_code"] = authentication.response_code;
  if (!authentication.authorization_code.empty()) {
    details["authorization_code"] = authentication.authorization_code;
    for (const char* name : {"card_acceptor_id", "card_acceptor_location", "card_acceptor_name",
                             "mcc", "scheme_reference_id"}) {
      details[name] = nullptr;
    }
    details["card_additional_response_data"] = {{"cavv_results_code", "2"}};
    details["card_entry_mode"] = order.AtTerminal() ? "ICC_CONTACTLESS" : "UNKNOWN";
    details["card_funding"] = "D";
    details["card_product"] = "I";
    details["card_product_type"] = 1;
    details["card_verification_result"] = "M";
  }
  if (order.AtTerminal()) {
    details["terminal_id"] = order.terminal_id;
    details["application_id"] = "a0000000031010";
    details["cardholder_verification_method"] = "PLAINTEXT_PIN_OFFLINE";
    details["issuer_bin"] = order.card->bin;
    details["issuer_country_code"] = "NL";
  }
  if (order.manual_capture && order.completed_ms != 0) {
    details["capture"] = "manual";
    details["capture_expiry"] = LocalTimeText(order.capture_expiry_ms);
    details["capture_remain"] = order.money.Remain();
  }
  return details;
}

Json PaymentMethods(const Order& order) {
  if (order.transaction_id == 0) return nullptr;
  const std::string& type = MethodType(order);
  Json method{
      {"amount", order.amount},           {"currency", order.currency},
      {"description", order.description}, {"payment_description", std::string(SchemeName(type))},
      {"status", order.financial_status}, {"type", type}};
  if (FamilyOf(order.gateway) == Family::kCoupon) {
    method["type"] = "COUPON";
    method["coupon_brand"] = order.gateway;
  }
  if (!order.external_id.empty()) method["external_transaction_id"] = order.external_id;
  if (order.card) {
    method["account_holder_name"] = order.card->holder;
    method["card_expiry_date"] = TextOrNull(order.card->expiry);
    method["last4"] = order.card->last4;
  }
  return Json::array({std::move(method)});
}

Json RelatedTransactions(const Order& order, const Settings& settings) {
  if (order.related.empty()) return nullptr;
  Json list = Json::array();
  for (const Related& related : order.related) {
    Json entry{{"amount", related.amount},
               {"costs", Json::array()},
               {"created", LocalTimeText(related.created_ms)},
               {"currency", order.currency},
               {"description", related.description},
               {"modified", LocalTimeText(related.modified_ms)},
               {"order_id", related.order_id},
               {"reference_transaction_id", order.transaction_id},
               {"status", related.status},
               {"transaction_id", related.transaction_id},
               {"type", related.type}};
    if (related.type == "refund" && settings.refund_id_echo)
      entry["refund_order_id"] = related.refund_order_id;
    if (related.type == "refund" && !settings.refund_id_echo) entry["order_id"] = order.order_id;
    if (!related.dispute_status.empty()) entry["dispute"] = {{"status", related.dispute_status}};
    list.push_back(std::move(entry));
  }
  return list;
}

// Texts under --custom-echo settings that do not return them as sent.
void EchoCustom(CustomEcho echo, Json& order) {
  const auto change = [echo](Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return;
    auto& text = found->get_ref<std::string&>();
    switch (echo) {
      case CustomEcho::kAsSent:
        break;
      case CustomEcho::kNull:
        *found = nullptr;
        break;
      case CustomEcho::kAbsent:
        object.erase(found);
        break;
      case CustomEcho::kCut:
        if (text.size() > 32) text.resize(32);
        break;
      case CustomEcho::kUpper:
        for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        break;
      case CustomEcho::kSpace:
        text += ' ';
        break;
    }
  };
  for (const char* name : {"custom_1", "custom_2", "custom_3"}) change(order["custom_info"], name);
  change(order, "var1");
}

}  // namespace

Json RenderOrder(const Order& order, const Settings& settings) {
  const Money& money = order.money;
  Json json{{"amount", order.amount},
            {"amount_refunded",
             money.refunded + (settings.refunded_at_completion ? 0 : money.refund_reserved)},
            {"costs", Costs(order)},
            {"created", LocalTimeText(order.created_ms)},
            {"currency", order.currency},
            {"customer", Customer(order)},
            {"description", order.description},
            {"fastcheckout", order.type == "checkout" ? "YES" : "NO"},
            {"financial_status", order.financial_status},
            {"items", nullptr},
            {"modified", LocalTimeText(order.modified_ms)},
            {"order_id", order.order_id},
            {"payment_details", PaymentDetails(order)},
            {"payment_methods", PaymentMethods(order)},
            {"reason", order.reason},
            {"reason_code", order.reason_code},
            {"related_transactions", RelatedTransactions(order, settings)},
            {"status", order.status},
            {"var1", nullptr},
            {"var2", nullptr},
            {"var3", nullptr}};
  Json& custom = json["custom_info"] = Json::object();
  for (const char* name : {"custom_1", "custom_2", "custom_3"}) {
    const Json* sent = Member(order.custom_info, name);
    custom[name] = sent == nullptr ? Json(nullptr) : *sent;
  }
  for (const auto& [name, value] : order.extras.items()) json[name] = value;
  if (order.transaction_id != 0) json["transaction_id"] = order.transaction_id;
  if (order.completed_ms != 0) json["completed"] = LocalTimeText(order.completed_ms);
  if (!order.auth_order_id.empty()) json["auth_order_id"] = order.auth_order_id;
  EchoCustom(settings.custom_echo, json);
  return json;
}

Json RenderTransaction(const Order& order) {
  const bool outgoing = IsOutgoing(order);
  const std::int64_t cost = outgoing ? 0 : CostMinor(order);
  Json json{{"amount", order.amount},
            {"costs", Json::array()},
            {"created", LocalTimeText(order.created_ms)},
            {"updated", LocalTimeText(order.modified_ms)},
            {"currency", order.currency},
            {"debit_credit", outgoing ? "D" : "C"},
            {"description", order.description},
            {"financial_status", order.financial_status},
            {"invoice_id", order.extras.value("invoice_id", Json(""))},
            {"net", order.amount - cost},
            {"order_id", order.order_id},
            {"payment_method", MethodType(order)},
            {"site_id", order.site_id},
            {"status", order.status},
            {"transaction_id", order.transaction_id},
            {"type", std::string(TransactionType(order))}};
  if (cost != 0) {
    json["costs"].push_back({{"amount", cost}, {"description", "Transaction fee"}, {"dst", 0}});
  }
  const Json customer = Customer(order);
  json["customer"] = {{"email", customer["email"]},
                      {"first_name", customer["first_name"]},
                      {"iban", ""},
                      {"last_name", customer["last_name"]}};
  for (const char* name : {"var1", "var2", "var3"}) json[name] = order.extras.value(name, Json(""));
  if (order.completed_ms != 0) json["completed"] = LocalTimeText(order.completed_ms);
  return json;
}

Json RenderToken(const Token& token, int year_month_now) {
  int expiry = 0;
  std::from_chars(token.card.expiry.data(), token.card.expiry.data() + token.card.expiry.size(),
                  expiry);
  return {{"token", token.token},
          {"code", token.card.scheme},
          {"display", "Card xxxx xxxx xxxx " + token.card.last4},
          {"bin", NumericWherePossible(token.card.bin)},
          {"name_holder", token.card.holder},
          {"expiry_date", NumericWherePossible(token.card.expiry)},
          {"expired", expiry < year_month_now ? 1 : 0},
          {"last4", NumericWherePossible(token.card.last4)},
          {"model", token.model}};
}

std::string ChallengeForm(const Order& order, std::string_view public_base) {
  const std::string base(public_base);
  const std::string action = HtmlEscaped(base + "/simulator/3ds/" + order.session.id);
  const std::string term_url = HtmlEscaped(base + "/connect/" + order.session.id + "/");
  // The shop serves this page under a policy of its own: with scripts allowed it sends itself on,
  // without them the button does.
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
         "<title>3-D Secure</title><style>body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;"
         "margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}button{font:inherit;"
         "padding:.75rem "
         "1.5rem;border:0;border-radius:4px;background:#004a99;color:#fff}</style></head>"
         "<body onload=\"document.getElementById('PaReqForm').submit()\"><main><h1>3-D Secure</h1>"
         "<p>Your bank asks you to confirm this payment.</p>"
         "<form id=\"PaReqForm\" method=\"post\" action=\"" +
         action + "\"><input type=\"hidden\" name=\"PaReq\" value=\"" + order.authentication.pareq +
         "\"><input type=\"hidden\" name=\"MD\" value=\"" + order.authentication.md +
         "\"><input type=\"hidden\" name=\"TermUrl\" value=\"" + term_url +
         "\"><button type=\"submit\">Continue</button></form></main></body></html>\n";
}

}  // namespace msp::sandbox
