// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/order.h"

#include <string_view>

namespace msp::sandbox {

// Written out by nlohmann's macros; readers fill what is absent with the default.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Session, id, opens, dead)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Money, authorized, captured_here, captured_in_parts,
                                                voided, refund_reserved, refunded, charged_back)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Authentication, flow, status, status_reason,
                                                response_code, acs_id, ds_id, cavv,
                                                authorization_code, awaiting_challenge, pareq, md)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Recurring, id, model, flow, reference)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Related, type, transaction_id, order_id,
                                                refund_order_id, amount, description, status,
                                                dispute_status, created_ms, modified_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OrderEvent, id, status, financial_status,
                                                transaction_id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Evidence, name, type, description, bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Card, scheme, bin, last4, holder, expiry, outcome,
                                                always_challenge, magic)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Token, token, account_id, reference, model, card)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Terminal, id, group_id, behaviour, provider, name,
                                                active, created_ms, updated_ms, code)
// Everything but the card, which is optional, and the list of related transactions.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Order, seq, kind, site_id, account_id, order_id, transaction_id, type, gateway, amount,
    currency, description, status, financial_status, reason, reason_code, created_ms, modified_ms,
    completed_ms, customer, custom_info, extras, locale, redirect_url, cancel_url, notification_url,
    notification_method, session, money, authentication, recurring, external_id, manual_capture,
    capture_expiry_ms, parent, stage, qr_size, terminal_id, tip, on_hold_until_ms, debit_refused,
    events_token, events, files, auth_order_id, refund_order_id, related, timer, timer_due_ms)

namespace {

// A snapshot file may have been edited: wrong types must not end the process.
template <class T>
bool Read(const Json& member, T* value) {
  try {
    from_json(member, *value);
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

struct Transition {
  std::string_view from;
  std::string_view to;
};

constexpr Transition kTransitions[] = {
    {"initialized", "completed"},
    {"initialized", "declined"},
    {"initialized", "cancelled"},
    {"initialized", "expired"},
    {"initialized", "uncleared"},
    {"uncleared", "completed"},
    {"uncleared", "void"},
    {"uncleared", "declined"},
    {"uncleared", "cancelled"},
    {"uncleared", "expired"},
    {"uncleared", "shipped"},
    {"shipped", "completed"},
    {"shipped", "void"},
    {"completed", "void"},
    {"completed", "expired"},
    {"completed", "shipped"},
    {"completed", "refunded"},
    {"completed", "partial_refunded"},
    {"shipped", "refunded"},
    {"shipped", "partial_refunded"},
    {"partial_refunded", "refunded"},
    {"completed", "chargeback"},
    {"shipped", "chargeback"},
    {"partial_refunded", "chargeback"},
    // A refund's own lifecycle.
    {"reserved", "completed"},
    {"reserved", "void"},
    {"reserved", "declined"},
};

}  // namespace

Json ToJson(const Order& order) {
  Json json;
  to_json(json, order);
  if (order.card) json["card"] = *order.card;
  return json;
}

bool FromJson(const Json& json, Order* order) {
  if (!json.is_object() || !Read(json, order)) return false;
  const auto card = json.find("card");
  if (card == json.end()) return true;
  return Read(*card, &order->card.emplace());
}

Json ToJson(const Token& token) { return token; }

bool FromJson(const Json& json, Token* token) { return json.is_object() && Read(json, token); }

Json ToJson(const Terminal& terminal) { return terminal; }

bool FromJson(const Json& json, Terminal* terminal) {
  return json.is_object() && Read(json, terminal);
}

bool IsOutgoing(const Order& order) {
  return order.kind == Kind::kRefund || order.kind == Kind::kChargeback ||
         order.type == "unreferenced_refund";
}

bool IsFinal(const std::string& status) {
  for (std::string_view final_status :
       {"declined", "cancelled", "void", "expired", "refunded", "chargeback"}) {
    if (status == final_status) return true;
  }
  return false;
}

bool MayFollow(const std::string& from, const std::string& to) {
  if (from == to) return true;
  for (const Transition& transition : kTransitions) {
    if (transition.from == from && transition.to == to) return true;
  }
  return false;
}

}  // namespace msp::sandbox
