// SPDX-License-Identifier: Apache-2.0

// A sandbox state machine at a known moment, and order bodies to feed it.
#pragma once

#include <string>
#include <utility>

#include "sandbox/core/platform.h"

namespace msp::sandbox::testing {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;
// 2026-06-15T12:00:00 in Amsterdam.
inline constexpr std::int64_t kNoon = 1'781'517'600'000;

struct Bench {
  explicit Bench(Settings settings = {}) : platform(std::move(settings), "http://pages.test") {
    platform.AdvanceTo(kNoon);
  }
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

  Platform platform;
};

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

inline Json RedirectOrder(const std::string& order_id, std::int64_t amount = 1000) {
  Json body = CardOrder(order_id, "4111111111111111", amount);
  body["type"] = "redirect";
  body.erase("gateway");
  body.erase("gateway_info");
  return body;
}

inline int ErrorOf(const ApiResponse& answer) {
  return answer.body.contains("error_code") ? answer.body["error_code"].get<int>() : 0;
}

}  // namespace msp::sandbox::testing
