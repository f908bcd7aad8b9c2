// SPDX-License-Identifier: Apache-2.0

// A sandbox state machine at a known moment, and order bodies to feed it.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "sandbox/core/platform.h"

namespace msp::sandbox::testing {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;
// 2026-06-15T12:00:00 in Amsterdam.
inline constexpr std::int64_t kNoon = 1'781'517'600'000;

// The platform with one site; the calls are this site's.
struct Bench {
  explicit Bench(Settings settings = {}) : platform(std::move(settings), "http://pages.test") {
    platform.AdvanceTo(kNoon);
  }
  Bench(Settings settings, std::initializer_list<Json> orders) : Bench(std::move(settings)) {
    for (const Json& order : orders) Create(order);
  }
  explicit Bench(std::initializer_list<Json> orders) : Bench(Settings(), orders) {}
  const Site& site() const { return platform.settings().sites.front(); }
  void Advance(std::int64_t ms) { platform.AdvanceTo(platform.now_ms() + ms); }
  ApiResponse Create(const Json& body) { return platform.CreateOrder(site(), body); }
  Json Get(const std::string& id) { return platform.GetOrder(site(), id).body["data"]; }
  // "status/financial_status"
  std::string State(const std::string& id) {
    const Order* order = platform.FindOrder(site().site_id, id);
    return order == nullptr ? "none" : order->status + "/" + order->financial_status;
  }
  Order& At(const std::string& id) { return *platform.FindOrder(site().site_id, id); }

  // The customer pays on the page, or decides the challenge.
  std::string Pay(const std::string& id, const std::string& scenario = "completed") {
    return platform.PayScenario(At(id), scenario);
  }
  bool Decide(const std::string& id, const std::string& result) {
    return platform.Decide3ds(At(id), result);
  }
  // Null: without an amount.
  ApiResponse Capture(const std::string& id, Json amount, const std::string& new_id = "") {
    Json body{{"new_order_status", "completed"}};
    if (!amount.is_null()) body["amount"] = std::move(amount);
    if (!new_id.empty()) body["new_order_id"] = new_id;
    return platform.Capture(site(), id, body);
  }
  ApiResponse Void(const std::string& id,
                   const Json& body = {{"status", "cancelled"}, {"reason", "r"}}) {
    return platform.CancelAuthorization(site(), id, body);
  }
  // Discarded: without an amount.
  ApiResponse Refund(const std::string& id, Json amount, const std::string& refund_id = "") {
    Json body{{"currency", "EUR"}};
    if (!amount.is_discarded()) body["amount"] = std::move(amount);
    if (!refund_id.empty()) body["refund_order_id"] = refund_id;
    return RefundAs(id, body);
  }
  ApiResponse RefundAs(const std::string& id, const Json& body) {
    return platform.Refund(site(), id, body);
  }
  ApiResponse Patch(const std::string& id, const Json& body) {
    return platform.PatchOrder(site(), id, body);
  }
  ApiResponse Ship(const std::string& id) { return Patch(id, {{"status", "shipped"}}); }
  ApiResponse Cancel(const std::string& id) { return platform.CancelOrder(site(), id); }
  ApiResponse Tokens() { return platform.ListTokens(site(), "cust-1", 10, 0); }

  Platform platform;
};

inline const Json kGone(Json::value_t::discarded);

// The body with another value at a JSON pointer; kGone erases what is there.
inline Json With(Json body, const char* pointer, const Json& value) {
  const Json::json_pointer at(pointer);
  if (value.is_discarded()) {
    body[at.parent_pointer()].erase(at.back());
  } else {
    body[at] = value;
  }
  return body;
}

inline Json CardOrder(const std::string& order_id, const std::string& number = "4111111111111111",
                      std::int64_t amount = 1000) {
  return {{"type", "direct"},
          {"order_id", order_id},
          {"gateway", "CREDITCARD"},
          {"currency", "EUR"},
          {"amount", amount},
          {"description", "Two tickets"},
          {"payment_options",
           {{"notification_url", "http://127.0.0.1:9/hook"},
            {"notification_method", "POST"},
            {"redirect_url", "https://shop.example/ok?a=1"},
            {"cancel_url", "https://shop.example/sorry"}}},
          {"customer",
           {{"locale", "nl_NL"},
            {"country", "NL"},
            {"email", "a@example.com"},
            {"reference", "cust-1"}}},
          {"gateway_info",
           {{"card_number", number},
            {"card_holder_name", "A. Holder"},
            {"card_expiry_date", "3012"},
            {"card_cvc", number.substr(0, 2) == "37" ? "1234" : "123"}}}};
}

inline Json Authorization(const std::string& id, const std::string& number = "4111111111111111") {
  return With(CardOrder(id, number), "/capture", "manual");
}

inline Json RedirectOrder(const std::string& order_id, std::int64_t amount = 1000) {
  Json body = CardOrder(order_id, "4111111111111111", amount);
  body["type"] = "redirect";
  body.erase("gateway");
  body.erase("gateway_info");
  return body;
}

inline Json MethodOrder(const std::string& id, const std::string& gateway,
                        const char* type = "redirect", std::int64_t amount = 1000) {
  return With(With(RedirectOrder(id, amount), "/type", type), "/gateway", gateway);
}

// Collected at a terminal.
inline Json CloudOrder(const std::string& id, const std::string& terminal,
                       std::int64_t amount = 1000) {
  return With(RedirectOrder(id, amount), "/gateway_info/terminal_id", terminal);
}

// An order whose card is stored.
inline Json StoringOrder(const std::string& id, const std::string& number = "4111111111111111",
                         const char* model = "cardOnFile") {
  return With(CardOrder(id, number), "/recurring_model", model);
}

inline int ErrorOf(const ApiResponse& answer) {
  return answer.body.contains("error_code") ? answer.body["error_code"].get<int>() : 0;
}

}  // namespace msp::sandbox::testing
