// SPDX-License-Identifier: Apache-2.0

// Settings of the state machine, with their defaults.
//
// Where MultiSafepay's documentation allows two readings there is a setting, so that a client can
// be tested against both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace msp::sandbox {

enum class OrderIdRule : std::uint8_t {
  kLive,       // 1006 while an order with the id is open, authorized or paid
  kNotDead,    // and also when it is refunded or charged back
  kAny,        // 1006 whenever the id exists
  kCompleted,  // 1006 only once it is paid; an open order gets a second transaction
};
enum class ThreeDs : std::uint8_t { kFrictionless, kChallenge, kRequireBrowser };
enum class Polymorphism : std::uint8_t { kModern, kLegacy, kChaos, kChaosPhp };
// How custom_1 to custom_3 and var1 come back in an order.
enum class CustomEcho : std::uint8_t { kAsSent, kNull, kAbsent, kCut, kUpper, kSpace };
enum class RefundAnswer : std::uint8_t { kUnion, kRefundId, kOrderId };

// One API key and whose it is.
struct Site {
  std::string key;
  std::int64_t site_id = 0;
  std::int64_t account_id = 0;
  std::string role = "admin";
  std::string kind = "site";  // site, account or terminal
  // The site's own notification URL, used when the order has none.
  std::string notification_url;
};

// A payment terminal of the account, and what the customer does at it.
struct Terminal {
  std::string id;
  std::int64_t group_id = 0;
  // approve, decline, timeout (no customer), manual (waits for the control API)
  std::string behaviour = "approve";
  std::string provider = "SMARTPOS";
  std::string name;
  bool active = true;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::string code;  // scanned from the terminal to activate it
};

struct Settings {
  std::uint64_t seed = 1;
  std::vector<Site> sites = {
      Site{.key = "sandbox-test-key-0001", .site_id = 10001, .account_id = 1001001}};
  // The terminals that every account starts with.
  std::vector<Terminal> terminals = {
      {.id = "00000APR", .group_id = 57958, .behaviour = "approve"},
      {.id = "00000DEC", .group_id = 57958, .behaviour = "decline"},
      {.id = "00000TMO", .group_id = 57958, .behaviour = "timeout"},
      {.id = "00000MAN", .group_id = 57959, .behaviour = "manual"},
      {.id = "00000OFF", .group_id = 57959, .behaviour = "manual", .active = false}};
  // Orders kept; beyond that the oldest are forgotten, the order of creation deciding.
  std::int64_t orders_max = 100'000;

  OrderIdRule order_id_rule = OrderIdRule::kLive;
  ThreeDs threeds = ThreeDs::kFrictionless;
  bool strict_types = false;
  bool check_expiry = false;
  std::int64_t amount_cap = 500'000;  // EUR, minor units
  bool short_ids = false;
  bool site_blocked = false;
  bool account_blocked = false;
  bool validation_422 = false;

  Polymorphism polymorphism = Polymorphism::kModern;
  CustomEcho custom_echo = CustomEcho::kAsSent;
  // The read lag of GET, different for each order.
  std::int64_t read_lag_min_ms = 0;
  std::int64_t read_lag_max_ms = 0;
  bool empty_html = false;
  bool events_members = false;

  // Webhooks may go to any host, not only to the loopback.
  bool webhooks_anywhere = false;

  RefundAnswer refund_answer = RefundAnswer::kUnion;
  bool refund_id_unique = false;
  bool refund_id_echo = true;
  bool five_minute_rule = true;
  // amount_refunded rises when the refund is made, or with this at its completion.
  bool refunded_at_completion = false;
  bool void_needs_reason = true;
  // PATCH cancelled with exclude_order true ends the payment session only, not the transaction.
  bool exclude_order_session_only = false;
};

}  // namespace msp::sandbox
