// SPDX-License-Identifier: Apache-2.0

// What happens to an order after its creation: reading, shipping, cancelling, captures and refunds.
#include <algorithm>

#include "sandbox/core/cart.h"
#include "sandbox/core/gateways.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/polymorphism.h"
#include "sandbox/core/read.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kRefundWindowMs = 180LL * 86'400 * 1000;
constexpr std::int64_t kSameAmountMs = 300'000;
constexpr std::int64_t kIdCharsMax = 50;

constexpr const char* kShipmentMembers[] = {"tracktrace_code", "tracktrace_url", "carrier",
                                            "ship_date",       "invoice_id",     "invoice_url",
                                            "po_number"};

bool IsCancelled(const std::optional<std::string>& status) {
  return status == "cancelled" || status == "canceled";
}

// Bancontact QR and point of sale: the code or the terminal is what has to be stopped.
bool CancelsByPost(const Order& order) {
  return order.AtTerminal() || (order.gateway == "MISTERCASH" && order.qr_size > 0);
}

}  // namespace

ApiResponse Platform::GetOrder(const Site& site, const std::string& id) {
  if (read_lag_.enabled()) {
    const Json* version = VisibleVersion(site.site_id, id);
    if (version == nullptr) return ErrorResponse(1006);
    Json shown = *version;
    ApplyPolymorphism(settings_.polymorphism, polymorphism_random_, shown);
    ApiResponse response = Success(std::move(shown));
    response.order_id = version->value("order_id", "");
    return response;
  }
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  ApiResponse response = Success(Render(*order));
  response.order_id = order->order_id;
  return response;
}

void Platform::Ship(Order& order, const Json& body) {
  Touch(order);
  for (const char* name : kShipmentMembers) {
    if (auto text = TextMember(body, name)) order.extras[name] = *text;
  }
}

ApiResponse Platform::PatchOrder(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  const auto status = TextMember(body, "status");
  if (IsCancelled(status)) {
    if (CancelsByLife(*order)) return Success(Json::object());
    // These have a call of their own.
    if (CancelsByPost(*order) || !IsOpenForPayment(*order))
      return ErrorResponse(1000, 410, "Not found");
    order->session.dead = true;
    const bool session_only =
        settings_.exclude_order_session_only && BoolMember(body, "exclude_order").value_or(false);
    if (!session_only || order->transaction_id == 0) Change(*order, "cancelled", "cancelled");
    return Success(Json::object());
  }
  if (status == "shipped") {
    const bool open = order->status == "uncleared" || order->status == "completed" ||
                      order->status == "shipped" || order->status == "partial_refunded";
    if (!open) return ErrorResponse(1000, 410, "Not found");
    Ship(*order, body);
    AmountRead part = AmountMember(body, "partial_shipment_amount", settings_.strict_types);
    if (part.kind == AmountRead::Kind::kAbsent)
      part = AmountMember(body, "amount", settings_.strict_types);
    if (part.kind == AmountRead::Kind::kBad) return ErrorResponse(1001);
    if (part.kind == AmountRead::Kind::kValue) {
      if (part.value < 1 || part.value > order->amount) return ErrorResponse(1001);
      return Success({{"order_id", order->order_id}, {"transaction_id", order->transaction_id}});
    }
    // The timer of a state that continues (a hold, an authorization) survives the shipment.
    const TimerKind timer = order->timer;
    const std::int64_t due_ms = order->timer_due_ms;
    if (ShipsByLife(*order)) return Success(Json::object());
    if (order->status != "partial_refunded") Change(*order, "shipped", order->financial_status);
    SetTimer(*order, timer, due_ms);
    return Success(Json::object());
  }
  if (status) return ErrorResponse(1016);
  if (const auto new_id = TextMember(body, "new_order_id")) {
    if (CodePoints(*new_id) > kIdCharsMax || by_order_id_.contains({site.site_id, *new_id}))
      return ErrorResponse(1006);
    auto& same_id = by_order_id_[{site.site_id, order->order_id}];
    std::erase(same_id, order->seq);
    if (same_id.empty()) by_order_id_.erase({site.site_id, order->order_id});
    order->order_id = *new_id;
    by_order_id_[{site.site_id, *new_id}].push_back(order->seq);
    return Success(Json::object());
  }
  if (BoolMember(body, "extend_expiration").value_or(false)) ExtendKlarna(*order);
  Ship(*order, body);
  return Success(Json::object());
}

ApiResponse Platform::CancelOrder(const Site& site, const std::string& id) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr || !CancelsByPost(*order) || order->status != "initialized") {
    return Message(403, "Forbidden");
  }
  Change(*order, "cancelled", "cancelled");
  const Json full = Render(*order);
  Json data = Json::object();
  for (const char* name : {"created", "custom_info", "fastcheckout", "modified"}) {
    if (const Json* member = Member(full, name)) data[name] = *member;
  }
  data["costs"] = Json::array();
  data["financial_status"] = nullptr;
  data["payment_details"] = Json::object();
  data["payment_methods"] = nullptr;
  data["status"] = "cancelled";
  return Success(std::move(data));
}

void Platform::AddRelated(Order& order, const std::string& type, const Order& child,
                          const std::string& status) {
  Related related;
  related.type = type;
  related.transaction_id = child.transaction_id;
  related.order_id = child.order_id;
  related.refund_order_id = child.refund_order_id;
  related.amount = child.amount;
  related.description = child.description;
  related.status = status;
  related.created_ms = now_ms_;
  related.modified_ms = now_ms_;
  order.related.push_back(std::move(related));
  order.modified_ms = now_ms_;
  Touch(order);
}

void Platform::UpdateRelated(const Order& child, const std::string& status) {
  Order* parent = FindSeq(child.parent);
  if (parent == nullptr) return;
  Touch(*parent);
  for (Related& related : parent->related) {
    if (related.transaction_id != child.transaction_id) continue;
    related.status = status;
    related.modified_ms = now_ms_;
  }
}

ApiResponse Platform::Capture(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  if (TextMember(body, "new_order_status") != "completed") return ErrorResponse(1016);
  if (!order->Authorized() || order->money.Remain() == 0) return ErrorResponse(1014);
  const AmountRead amount = AmountMember(body, "amount", settings_.strict_types);
  if (amount.kind == AmountRead::Kind::kBad) return ErrorResponse(1001);
  const std::int64_t remain = order->money.Remain();
  const std::int64_t wanted = amount.kind == AmountRead::Kind::kAbsent ? remain : amount.value;
  if (wanted < 1 || wanted > remain) return ErrorResponse(1001);
  if (wanted < remain || order->money.captured_in_parts > 0)
    return CapturePart(*order, wanted, body);
  // The whole at once stays on the original; `new_order_id` is ignored.
  order->money.captured_here = wanted;
  Order capture;
  capture.order_id = order->order_id;
  capture.amount = wanted;
  capture.description = TextMember(body, "description").value_or("");
  capture.transaction_id = order->transaction_id;
  AddRelated(*order, "capture", capture, "completed");
  Ship(*order, body);
  Change(*order, order->status, "completed");
  Count("captures");
  return Success({{"transaction_id", order->transaction_id}, {"order_id", order->order_id}});
}

ApiResponse Platform::CapturePart(Order& order, std::int64_t amount, const Json& body) {
  std::string new_id = TextMember(body, "new_order_id").value_or("");
  if (CodePoints(new_id) > kIdCharsMax || by_order_id_.contains({order.site_id, new_id}))
    return ErrorResponse(1006);
  for (int part = 1; new_id.empty(); ++part) {
    const std::string candidate = order.order_id.substr(0, 40) + "_" + std::to_string(part);
    if (!by_order_id_.contains({order.site_id, candidate})) new_id = candidate;
  }
  Order& capture = AddChild(order, Kind::kCapture, new_id, amount);
  capture.auth_order_id = order.order_id;
  capture.description = TextMember(body, "description").value_or(order.description);
  capture.notification_url = order.notification_url;
  capture.notification_method = order.notification_method;
  capture.reason = "Successful approval/completion";
  capture.money.authorized = amount;
  capture.money.captured_here = amount;
  capture.authentication = order.authentication;
  Ship(capture, body);
  Change(capture, "completed", "completed");
  order.money.captured_in_parts += amount;
  AddRelated(order, "capture", capture, "completed");
  if (order.money.Remain() == 0) SetTimer(order, TimerKind::kNone, 0);
  Count("captures");
  return Success({{"transaction_id", capture.transaction_id}, {"order_id", capture.order_id}});
}

ApiResponse Platform::CancelAuthorization(const Site& site, const std::string& id,
                                          const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  if (!IsCancelled(TextMember(body, "status"))) return ErrorResponse(1016);
  if (settings_.void_needs_reason && !TextMember(body, "reason")) return ErrorResponse(1016);
  if (!order->Authorized() || order->money.Remain() == 0) return ErrorResponse(1014);
  const std::int64_t remain = order->money.Remain();
  if (order->money.captured_in_parts > 0) {
    Order cancellation;
    cancellation.order_id = order->order_id;
    cancellation.amount = remain;
    cancellation.description = TextMember(body, "description").value_or("");
    cancellation.transaction_id = order->transaction_id;
    AddRelated(*order, "auth-cancellation", cancellation, "completed");
  }
  order->money.voided += remain;
  order->reason = TextMember(body, "reason").value_or("");
  Change(*order, "void", "void");
  Count("voids");
  return Success({{"transaction_id", order->transaction_id},
                  {"order_id", order->order_id},
                  {"success", true}});
}

ApiResponse Platform::Refund(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  const Json& checkout_data = ObjectMember(body, "checkout_data");
  const auto currency = TextMember(body, "currency");
  if (!currency && checkout_data.empty()) return ErrorResponse(1016);
  if (currency && *currency != order->currency) return ErrorResponse(1002);
  const std::int64_t left =
      order->money.captured_here - order->money.refunded - order->money.refund_reserved;
  AmountRead amount = AmountMember(body, "amount", settings_.strict_types);
  if (amount.kind == AmountRead::Kind::kBad) return ErrorResponse(1001);
  if (amount.kind == AmountRead::Kind::kAbsent && !checkout_data.empty()) {
    const Json* items = Member(checkout_data, "items");
    const Json& own_tables = ObjectMember(checkout_data, "tax_tables");
    const Json& tables =
        own_tables.empty() ? ObjectMember(order->extras, "checkout_options") : own_tables;
    amount = {AmountRead::Kind::kValue,
              items == nullptr ? 0 : RefundOfLines(*items, tables, order->currency)};
  } else if (amount.kind == AmountRead::Kind::kAbsent || amount.value == 0) {
    // The published hazard: no amount means everything that is left.
    Count("implicit_full_refund");
    amount = {AmountRead::Kind::kValue, left};
  }
  if (amount.value < 0) return ErrorResponse(1001);
  const bool refundable = (order->status == "completed" || order->status == "shipped" ||
                           order->status == "partial_refunded") &&
                          // Some methods collect before their funds are final.
                          (order->financial_status == "completed" ||
                           (order->stage > 0 && order->money.captured_here > 0));
  if (!refundable || amount.value < 1 || amount.value > left) return ErrorResponse(1034);
  if (now_ms_ - order->completed_ms > kRefundWindowMs) return ErrorResponse(1034);
  for (const Related& earlier : order->related) {
    const bool counts =
        earlier.type == "refund" && earlier.status != "void" && earlier.status != "declined";
    if (settings_.five_minute_rule && counts && earlier.amount == amount.value &&
        now_ms_ - earlier.created_ms < kSameAmountMs) {
      return ErrorResponse(1034);
    }
  }
  const std::string refund_order_id = TextMember(body, "refund_order_id").value_or(order->order_id);
  if (CodePoints(refund_order_id) > kIdCharsMax) return ErrorResponse(1006);
  if (settings_.refund_id_unique && refund_order_id != order->order_id &&
      by_order_id_.contains({site.site_id, refund_order_id})) {
    return ErrorResponse(1006);
  }
  const std::int64_t original_transaction_id = order->transaction_id;
  const std::string original_order_id = order->order_id;
  Order& refund = AddChild(*order, Kind::kRefund, refund_order_id, amount.value);
  refund.refund_order_id = refund_order_id;
  refund.description = TextMember(body, "description").value_or("Refund of " + original_order_id);
  for (const char* name : {"var1", "var2", "var3"}) {
    if (auto text = TextMember(body, name)) refund.extras[name] = *text;
  }
  refund.status = "reserved";
  refund.financial_status = "reserved";
  SetTimer(refund, TimerKind::kRefundSettle, NextLocalMidnightMs(now_ms_));
  order->money.refund_reserved += amount.value;
  AddRelated(*order, "refund", refund, "reserved");
  Count("refunds");
  switch (settings_.refund_answer) {
    case RefundAnswer::kRefundId:
      return Success(
          {{"transaction_id", original_transaction_id}, {"refund_id", refund.transaction_id}});
    case RefundAnswer::kOrderId:
      return Success({{"transaction_id", refund.transaction_id}, {"order_id", original_order_id}});
    case RefundAnswer::kUnion:
      break;
  }
  return Success({{"transaction_id", original_transaction_id},
                  {"refund_id", refund.transaction_id},
                  {"order_id", original_order_id}});
}

ApiResponse Platform::CancelRefund(const Site& site, const std::string& id,
                                   const std::string& refund_id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  Order* refund = FindOrder(site.site_id, refund_id);
  if (order == nullptr || refund == nullptr || refund->kind != Kind::kRefund ||
      refund->parent != order->seq) {
    return ErrorResponse(1006);
  }
  const auto status = TextMember(body, "status");
  if (status != "void" && !IsCancelled(status)) return ErrorResponse(1016);
  if (refund->status != "reserved") return ErrorResponse(1034);
  order->money.refund_reserved -= refund->amount;
  Change(*refund, "void", "void");
  UpdateRelated(*refund, "void");
  order->modified_ms = now_ms_;
  return Success(Json::object());
}

bool Platform::SettleRefund(Order& refund, bool accepted) {
  if (refund.kind != Kind::kRefund || refund.status != "reserved") return false;
  const std::string status = accepted ? "completed" : "declined";
  Change(refund, status, status);
  UpdateRelated(refund, status);
  Order* order = FindSeq(refund.parent);
  if (order == nullptr) return true;
  order->money.refund_reserved -= refund.amount;
  order->modified_ms = now_ms_;
  if (!accepted) return true;
  order->money.refunded += refund.amount;
  if (order->status == "chargeback") return true;
  const bool whole = order->money.refunded >= order->money.captured_here;
  const std::string was = order->status;
  Change(*order, whole ? "refunded" : "partial_refunded", "completed");
  // A second partial refund changes no status, but is notified.
  if (order->status == was) QueueNotice(*order);
  return true;
}

bool Platform::ChargeBack(Order& order) {
  const std::int64_t left =
      order.money.captured_here - order.money.refunded - order.money.refund_reserved;
  if (order.financial_status != "completed" || IsFinal(order.status) || left < 1) return false;
  Order& chargeback = AddChild(order, Kind::kChargeback, order.order_id, left);
  chargeback.description = "Chargeback of " + order.order_id;
  chargeback.status = "completed";
  chargeback.financial_status = "completed";
  chargeback.completed_ms = now_ms_;
  order.money.charged_back += left;
  AddRelated(order, "chargeback", chargeback, "completed");
  order.related.back().dispute_status = "new";
  Change(order, "chargeback", order.financial_status);
  return true;
}

}  // namespace msp::sandbox
