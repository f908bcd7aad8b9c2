// SPDX-License-Identifier: Apache-2.0

// Point of sale: terminals, orders that a terminal collects, refunds without an order, receipts.
#include <algorithm>

#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"
#include "sandbox/core/render.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

// The delay until the customer taps the card, and the longest wait for it.
constexpr std::int64_t kTapMs = 5 * kSecondMs;
constexpr std::int64_t kTerminalWaitMs = 120 * kSecondMs;
constexpr std::size_t kTerminalsMax = 1000;
constexpr std::int64_t kNameCharsMax = 100;
// Amounts that end so decide at a terminal that would approve.
constexpr std::int64_t kDeclinedCents = 51, kUnansweredCents = 98;

Json Describe(const Terminal& terminal) {
  return {{"id", terminal.id},
          {"provider", terminal.provider},
          {"name", terminal.name},
          {"code", terminal.code},
          {"created", UtcTime(terminal.created_ms)},
          {"last_updated", UtcTime(terminal.updated_ms)},
          {"manufacturer_id", terminal.active ? Json("SUNMI") : Json(nullptr)},
          {"serial_number", terminal.active ? Json("SN" + terminal.id) : Json(nullptr)},
          {"active", terminal.active},
          {"group_id", terminal.group_id},
          {"country", terminal.active ? Json("NL") : Json(nullptr)}};
}

std::string OutcomeAt(const Terminal& terminal, std::int64_t amount) {
  if (terminal.behaviour != "approve") return terminal.behaviour;
  if (amount % 100 == kDeclinedCents) return "decline";
  return amount % 100 == kUnansweredCents ? "timeout" : "approve";
}

// Minor units of a cart item's unit price, rounded.
std::int64_t Minor(const Json* price) {
  if (price == nullptr || !price->is_number()) return 0;
  const double value = price->get<double>() * 100;
  return value > -1e15 && value < 1e15 ? static_cast<std::int64_t>(value + (value < 0 ? -0.5 : 0.5))
                                       : 0;
}

Json ReceiptItems(const Order& order) {
  const Json cart = order.extras.value("shopping_cart", Json::object());
  const Json* items = Member(cart, "items");
  if (items == nullptr || !items->is_array() || items->empty()) return nullptr;
  Json list = Json::array();
  for (const Json& item : *items) {
    const std::int64_t unit = Minor(Member(item, "unit_price"));
    const AmountRead quantity = AmountMember(item, "quantity", false);
    const std::int64_t count = std::clamp<std::int64_t>(
        quantity.kind == AmountRead::Kind::kValue ? quantity.value : 1, -100'000, 100'000);
    list.push_back({{"currency", order.currency},
                    {"item_price", unit * count},
                    {"name", TextMember(item, "name").value_or("")},
                    {"quantity", count},
                    {"unit_price", unit}});
  }
  return list;
}

}  // namespace

void Platform::ResetTerminals() {
  terminals_.clear();
  next_terminal_ = 1;
  for (Terminal terminal : settings_.terminals) {
    terminal.created_ms = terminal.updated_ms = now_ms_;
    if (terminal.name.empty()) terminal.name = "Terminal " + terminal.id;
    // Not of the seed's sequence, which the ids of orders come from.
    terminal.code = Random(std::hash<std::string>{}(terminal.id)).Uuid();
    terminals_[terminal.id] = std::move(terminal);
  }
}

ApiResponse Platform::ListTerminals(const std::string& group_id, std::size_t page,
                                    std::size_t limit) {
  Json list = Json::array();
  std::size_t seen = 0;
  const std::size_t size = std::clamp<std::size_t>(limit, 1, kTerminalsMax);
  const std::size_t first = (std::max<std::size_t>(page, 1) - 1) * size;
  for (const auto& [id, terminal] : terminals_) {
    if (!group_id.empty() && std::to_string(terminal.group_id) != group_id) continue;
    if (seen++ >= first && list.size() < size) list.push_back(Describe(terminal));
  }
  // A group without terminals is not the account's.
  if (seen == 0 && !group_id.empty()) return Message(403, "Forbidden");
  ApiResponse response = Success(std::move(list));
  response.body["pager"] = {{"total_items", seen}};
  return response;
}

ApiResponse Platform::CreateTerminal(const Json& body) {
  const auto provider = TextMember(body, "provider");
  const AmountRead group = AmountMember(body, "group_id", false);
  const auto name = TextMember(body, "name");
  if (provider != "CTAP") return ValidationError("provider", 1016);
  if (group.kind != AmountRead::Kind::kValue || group.value < 1)
    return ValidationError("group_id", 1016);
  if (!name || CodePoints(*name) > kNameCharsMax || terminals_.size() >= kTerminalsMax)
    return ValidationError("name", 1016);
  Terminal terminal;
  std::string number = std::to_string(next_terminal_++);
  terminal.id = "N" + std::string(7 - std::min<std::size_t>(7, number.size()), '0') + number;
  terminal.provider = *provider;
  terminal.group_id = group.value;
  terminal.name = *name;
  terminal.created_ms = terminal.updated_ms = now_ms_;
  terminal.code = random_.Uuid();
  return Success(Describe(terminals_[terminal.id] = terminal));
}

bool Platform::SetTerminalBehaviour(const std::string& id, const Json& body) {
  const auto found = terminals_.find(id);
  if (found == terminals_.end()) return false;
  const auto behaviour = TextMember(body, "behaviour");
  static constexpr std::string_view kKnown[] = {"approve", "decline", "timeout", "manual"};
  if (behaviour && std::find(std::begin(kKnown), std::end(kKnown), *behaviour) == std::end(kKnown))
    return false;
  if (behaviour) found->second.behaviour = *behaviour;
  if (const auto active = BoolMember(body, "active")) found->second.active = *active;
  found->second.updated_ms = now_ms_;
  return true;
}

std::optional<ApiResponse> Platform::CheckTerminal(const std::string& terminal_id) {
  const auto found = terminals_.find(terminal_id);
  if (found == terminals_.end() || !found->second.active) return ErrorResponse(1023);
  // One payment at a time.
  const bool busy = std::any_of(timers_.begin(), timers_.end(), [&](const auto& timer) {
    const Order* order = FindSeq(timer.second);
    return order != nullptr && order->terminal_id == terminal_id && order->status == "initialized";
  });
  if (busy) return ErrorResponse(1021);
  return std::nullopt;
}

void Platform::StartAtTerminal(Order& order) {
  AssignTransactionId(order);
  RecordEvent(order);
  const std::string outcome = OutcomeAt(terminals_[order.terminal_id], order.amount);
  const bool acts = outcome == "approve" || outcome == "decline";
  SetTimer(order, acts ? TimerKind::kTerminal : TimerKind::kExpire,
           now_ms_ + (acts ? kTapMs : kTerminalWaitMs));
}

bool Platform::ActAtTerminal(Order& order, const std::string& outcome) {
  if (!order.AtTerminal() || order.status != "initialized") return false;
  if (outcome == "cancel" || outcome == "timeout") {
    const std::string status = outcome == "cancel" ? "cancelled" : "expired";
    Change(order, status, status);
    return true;
  }
  if (outcome != "approve" && outcome != "decline") return false;
  Card& card = order.card.emplace();
  card.scheme = "VISA";
  card.bin = "411111";
  card.last4 = "1111";
  card.expiry = "3012";
  order.gateway = card.scheme;
  order.external_id = random_.Digits(16);
  if (outcome == "decline") {
    Decline(order, "4002", std::string(DeclineReason("4002")));
  } else if (order.type == "unreferenced_refund") {
    order.reason = "Successful approval/completion";
    order.authentication.response_code = "00";
    order.authentication.authorization_code = random_.Digits(6);
    Change(order, "completed", "completed");
  } else {
    Approve(order);
  }
  return true;
}

void Platform::FireTerminal(Order& order) {
  const auto found = terminals_.find(order.terminal_id);
  const std::string outcome =
      found == terminals_.end() ? "timeout" : OutcomeAt(found->second, order.amount);
  // The control API may have turned the terminal since.
  if (outcome == "manual" || outcome == "timeout") {
    SetTimer(order, TimerKind::kExpire, now_ms_ + kTerminalWaitMs);
  } else {
    ActAtTerminal(order, outcome);
  }
}

ApiResponse Platform::GetReceipt(const Site& site, const std::string& id) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr || !order->AtTerminal() || !order->card) return ErrorResponse(1006);
  const Json full = RenderOrder(*order, settings_);
  const Json& details = full["payment_details"];
  // The published samples wrap what the schema lists, and list what it has once: typed readers of
  // the schema end on them.
  const bool as_listed = settings_.polymorphism != Polymorphism::kChaosPhp;
  Json items = ReceiptItems(*order);
  if (!as_listed && !items.is_null()) items = Json{{"items", std::move(items)}};
  Json tip = nullptr;
  if (order->tip > 0) {
    tip = {{"amount", order->tip}};
    if (as_listed) tip = Json::array({std::move(tip)});
  }
  Json related = nullptr;
  for (const Related& entry : order->related) {
    Json one{{"amount", entry.amount},
             {"created", LocalTimeText(entry.created_ms)},
             {"currency", order->currency},
             {"description", entry.description},
             {"items", nullptr},
             {"modified", LocalTimeText(entry.modified_ms)},
             {"order_id", entry.order_id},
             {"reference_transaction_id", order->transaction_id},
             {"status", entry.status},
             {"transaction_id", entry.transaction_id},
             {"type", entry.type}};
    if (as_listed) {
      related = std::move(one);  // One object: the newest.
    } else {
      if (related.is_null()) related = Json::array();
      related.push_back(std::move(one));
    }
  }
  Json payment{{"payment_method", order->card->scheme}, {"terminal_id", order->terminal_id}};
  for (const char* name : {"application_id", "authorization_code", "card_acceptor_location",
                           "card_entry_mode", "card_expiry_date", "cardholder_verification_method",
                           "issuer_bin", "issuer_country_code", "last4", "response_code"}) {
    const Json* member = Member(details, name);
    payment[name] = member == nullptr ? Json(nullptr) : *member;
  }
  ApiResponse response =
      Success({{"merchant", {{"name", "Sandbox shop"}, {"address", "Kraanspoor 39, Amsterdam"}}},
               {"order",
                {{"amount", order->amount},
                 {"amountrefunded", full["amount_refunded"]},
                 {"completed", full.value("completed", Json(nullptr))},
                 {"created", full["created"]},
                 {"currency", order->currency},
                 {"financial_status", order->financial_status},
                 {"items", std::move(items)},
                 {"modified", full["modified"]},
                 {"order_id", order->order_id},
                 {"status", order->status},
                 {"tip", std::move(tip)},
                 {"transaction_id", order->transaction_id}}},
               {"payment", std::move(payment)},
               {"printed_on", LocalTimeText(now_ms_)},
               {"related_transactions", std::move(related)}});
  response.order_id = order->order_id;
  return response;
}

}  // namespace msp::sandbox
