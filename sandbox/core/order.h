// SPDX-License-Identifier: Apache-2.0

// One stored transaction: a payment, or the capture, refund or chargeback of one.
//
// Plain data, owned by `Platform`. Members group by what they are about; all of it goes into a
// snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/core/cards.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

using Json = nlohmann::json;

enum class Kind : std::uint8_t { kPayment, kCapture, kRefund, kChargeback };

// The customer's page; one per payment.
struct Session {
  std::string id;
  int opens = 0;
  bool dead = false;
};

// Minor units. authorized >= captured + voided, captured_here >= refunded + reserved.
struct Money {
  std::int64_t authorized = 0;
  std::int64_t captured_here = 0;      // refundable on this order
  std::int64_t captured_in_parts = 0;  // moved to capture orders
  std::int64_t voided = 0;
  std::int64_t refund_reserved = 0;
  std::int64_t refunded = 0;
  std::int64_t charged_back = 0;
  std::int64_t Remain() const { return authorized - captured_here - captured_in_parts - voided; }
};

// The results of 3-D Secure and the issuer.
struct Authentication {
  std::string flow;    // challenge, frictionless, exemption or none
  std::string status;  // Y A N U R
  std::string status_reason;
  std::string response_code;
  std::string acs_id;
  std::string ds_id;
  std::string cavv;
  std::string authorization_code;
  bool awaiting_challenge = false;
  std::string pareq;
  std::string md;
};

struct Recurring {
  std::string id;         // the token, once there is one
  std::string model;      // as the merchant spelled it
  std::string flow;       // "token" for a subsequent payment
  std::string reference;  // customer.reference
};

// An entry of related_transactions.
struct Related {
  std::string type;  // capture, refund, chargeback, auth-cancellation
  std::int64_t transaction_id = 0;
  std::string order_id;
  std::string refund_order_id;
  std::int64_t amount = 0;
  std::string description;
  std::string status;
  std::string dispute_status;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
};

// A change of state for the order's event stream.
struct OrderEvent {
  std::uint64_t id = 0;  // from 1, without gaps
  std::string status;
  std::string financial_status;
  std::int64_t transaction_id = 0;
};

// A document of the merchant's against a chargeback. The content itself is not stored.
struct Evidence {
  std::string name;
  std::string type;
  std::string description;
  std::int64_t bytes = 0;
};

enum class TimerKind : std::uint8_t {
  kNone,
  kExpire,        // the customer never finished
  kHoldVoid,      // uncleared, refused
  kHoldComplete,  // uncleared, accepted
  kHoldCancel,    // uncleared, not reviewed for five days
  kAuthExpire,    // authorization not captured
  kRefundSettle,
  kNextStage,    // the next lifecycle stage (gateways.h)
  kUnshipped,    // authorized, never shipped
  kTestOutcome,  // a method whose test outcome the amount decides
  kTerminal,     // the customer acts at the terminal
};

struct Order {
  std::uint64_t seq = 0;
  Kind kind = Kind::kPayment;
  std::int64_t site_id = 0;
  std::int64_t account_id = 0;
  std::string order_id;
  std::int64_t transaction_id = 0;  // 0 before the customer has picked a method
  std::string type;                 // direct, redirect, paymentlink
  std::string gateway;              // upper case; may be empty
  std::int64_t amount = 0;
  std::string currency;
  std::string description;
  std::string status = "initialized";
  std::string financial_status = "initialized";
  std::string reason;
  std::string reason_code;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  std::int64_t completed_ms = 0;

  // Echoed as sent.
  Json customer = Json::object();
  Json custom_info = Json::object();
  Json extras = Json::object();  // var1..3, items, shopping_cart, checkout_options, shipment
  std::string locale;

  std::string redirect_url;
  std::string cancel_url;
  std::string notification_url;
  std::string notification_method;

  Session session;
  Money money;
  Authentication authentication;
  Recurring recurring;
  std::optional<Card> card;
  std::string external_id;
  bool manual_capture = false;
  std::int64_t capture_expiry_ms = 0;

  std::uint64_t parent = 0;  // seq
  // The stage of the gateway's life, counted from 1; 0 before the first.
  int stage = 0;
  // Shown to the customer as a QR code of so many pixels; 0: not.
  int qr_size = 0;
  std::string terminal_id;  // of an order at a point of sale
  std::int64_t tip = 0;
  std::int64_t on_hold_until_ms = 0;
  bool debit_refused = false;  // the bank will not pay the direct debit
  std::string events_token;    // empty: no event stream
  std::vector<OrderEvent> events;
  std::vector<Evidence> files;

  std::string auth_order_id;
  std::string refund_order_id;
  std::vector<Related> related;

  TimerKind timer = TimerKind::kNone;
  std::int64_t timer_due_ms = 0;

  bool AtTerminal() const { return !terminal_id.empty(); }
  bool IsCard() const { return card.has_value(); }
  bool Authorized() const {
    return (status == "completed" || status == "shipped") && financial_status == "initialized" &&
           manual_capture;
  }
  bool Paid() const { return financial_status == "completed" && money.captured_here > 0; }
};

// A stored card of a customer, owned by the account.
struct Token {
  std::string token;
  std::int64_t account_id = 0;
  std::string reference;
  std::string model;
  Card card;
};

// Snapshot form.
Json ToJson(const Order& order);
bool FromJson(const Json& json, Order* order);
Json ToJson(const Token& token);
bool FromJson(const Json& json, Token* token);
Json ToJson(const Terminal& terminal);
bool FromJson(const Json& json, Terminal* terminal);

// Money that leaves the account: a refund, a chargeback, a refund without an order.
bool IsOutgoing(const Order& order);

// True when no event but a chargeback may change the order any more.
bool IsFinal(const std::string& status);

// Whether the pair of statuses may follow the other: the table of transitions.
bool MayFollow(const std::string& from, const std::string& to);

}  // namespace msp::sandbox
