// SPDX-License-Identifier: Apache-2.0

// POST /orders: the order that is created once platform_create_checks.cc lets it pass, and the
// answer.
#include <algorithm>
#include <charconv>

#include "sandbox/core/cart.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/platform_draft.h"
#include "sandbox/core/read.h"
#include "sandbox/core/render.h"
#include "sandbox/core/url.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kSessionDefaultS = 30 * kDayS;
constexpr std::int64_t kSessionMaxS = 365 * kDayS;

constexpr std::string_view kKnownMembers[] = {"type",
                                              "order_id",
                                              "gateway",
                                              "currency",
                                              "amount",
                                              "description",
                                              "payment_options",
                                              "customer",
                                              "gateway_info",
                                              "delivery",
                                              "shopping_cart",
                                              "checkout_options",
                                              "items",
                                              "recurring_model",
                                              "recurring_id",
                                              "recurring",
                                              "capture",
                                              "affiliate",
                                              "second_chance",
                                              "custom_info",
                                              "var1",
                                              "var2",
                                              "var3",
                                              "days_active",
                                              "seconds_active",
                                              "plugin",
                                              "google_analytics",
                                              "payment_data",
                                              "amount_details",
                                              "custom_fields",
                                              "invoice",
                                              "manual"};

std::int64_t SessionLifeS(const Json& body) {
  const AmountRead seconds = AmountMember(body, "seconds_active", false);
  if (seconds.kind == AmountRead::Kind::kValue)
    return std::clamp<std::int64_t>(seconds.value, 1, kSessionMaxS);
  const AmountRead days = AmountMember(body, "days_active", false);
  if (days.kind == AmountRead::Kind::kValue)
    return std::clamp<std::int64_t>(days.value, 1, 365) * kDayS;
  return kSessionDefaultS;
}

// Pixels of the QR code that the order is to be shown as; 0 without one.
int QrSizeOf(const Json& body, const std::string& gateway) {
  const Json& info = ObjectMember(body, "gateway_info");
  const Json& settings = ObjectMember(ObjectMember(body, "payment_options"), "settings");
  const Json& bancontact = ObjectMember(ObjectMember(settings, "gateways"), "MISTERCASH");
  const bool wanted =
      BoolMember(info, "qr_enabled").value_or(false) || gateway == "IDEALQR" ||
      gateway == "WECHAT" ||
      (gateway == "MISTERCASH" && BoolMember(bancontact, "qr_only").value_or(false));
  constexpr std::int64_t kStandard = 250, kLeast = 100, kMost = 2000;
  const AmountRead size = AmountMember(info, "qr_size", false);
  if (!wanted) return 0;
  const bool fits =
      size.kind == AmountRead::Kind::kValue && size.value >= kLeast && size.value <= kMost;
  return static_cast<int>(fits ? size.value : kStandard);
}

}  // namespace

ApiResponse Platform::CreateOrder(const Site& site, const Json& body) {
  Count("orders_posted");
  if (settings_.site_blocked) return ErrorResponse(1019);
  if (settings_.account_blocked) return ErrorResponse(1020);
  for (const auto& member : body.items()) {
    if (std::find(std::begin(kKnownMembers), std::end(kKnownMembers), member.key()) ==
        std::end(kKnownMembers)) {
      Count("unknown_body_members");
    }
  }
  Draft draft;
  std::optional<ApiResponse> refused = CheckBasics(body, draft);
  if (!refused) refused = CheckTexts(body, draft);
  if (!refused) refused = CheckGateway(body, draft);
  if (!refused) refused = CheckDuplicate(site, draft);
  if (!refused) refused = CheckCart(body, draft);
  if (!refused) refused = CheckPaymentData(site, body, draft);
  if (!refused) refused = CheckToken(site, body, draft);
  if (!refused) refused = CheckCard(body, draft);
  if (refused) {
    refused->order_id = draft.order_id;
    return *refused;
  }
  Order& order = Insert(site, body, draft);
  Count("orders_created");
  if (!draft.api_token.empty()) UseApiToken(draft.api_token);
  if (order.AtTerminal()) StartAtTerminal(order);
  if (order.type == "direct") StartDirect(order, body, draft);
  return order.type == "direct" && !order.AtTerminal() ? DirectResponse(order)
                                                       : RedirectResponse(order);
}

Order& Platform::Insert(const Site& site, const Json& body, Draft& draft) {
  Order& order = Add(site, Kind::kPayment, draft.order_id);
  order.type = draft.type;
  order.gateway = draft.gateway;
  order.amount = draft.amount;
  order.currency = draft.currency;
  order.description = draft.description;
  order.card = draft.card;
  order.recurring = draft.recurring;
  order.customer = Normalized(ObjectMember(body, "customer"));
  // Neither returned nor of use here.
  for (const char* name : {"ip_address", "forwarded_ip", "user_agent", "browser", "referrer"}) {
    order.customer.erase(name);
  }
  order.custom_info = Normalized(ObjectMember(body, "custom_info"));
  order.locale = TextMember(order.customer, "locale").value_or("en_US");
  for (const char* name : {"var1", "var2", "var3", "items"}) {
    if (auto text = TextMember(body, name)) order.extras[name] = *text;
  }
  const Json& cart = ObjectMember(body, "shopping_cart");
  if (!cart.empty()) {
    order.extras["shopping_cart"] = Normalized(cart);
    order.extras["checkout_options"] = EchoedTaxTables(ObjectMember(body, "checkout_options"));
    const CartTotals totals = ComputeCart(body, order.currency);
    order.extras["order_adjustment"] = {{"total_adjustment", totals.tax_text},
                                        {"total_tax", totals.tax_text}};
    order.extras["order_total"] = totals.total_text;
  }
  const Json& options = ObjectMember(body, "payment_options");
  order.redirect_url = TextMember(options, "redirect_url").value_or("");
  order.cancel_url = TextMember(options, "cancel_url").value_or("");
  order.notification_url = TextMember(options, "notification_url").value_or(site.notification_url);
  order.notification_method = TextMember(options, "notification_method").value_or("GET");
  order.manual_capture = TextMember(body, "capture") == "manual";
  order.terminal_id = draft.terminal_id;
  order.qr_size = QrSizeOf(body, order.gateway);
  order.tip = AmountMember(ObjectMember(ObjectMember(body, "amount_details"), "tip"), "amount",
                           settings_.strict_types)
                  .value;
  if (settings_.events_members || order.AtTerminal()) order.events_token = random_.Letters(40);
  order.session.id = random_.Letters(35);
  const std::int64_t life_s = order.type == "direct" ? 3600 : SessionLifeS(body);
  Index(order);
  SetTimer(order, TimerKind::kExpire, now_ms_ + life_s * kSecondMs);
  return order;
}

void Platform::StartDirect(Order& order, const Json& body, const Draft& draft) {
  if (order.AtTerminal()) return;
  if (!order.card) {
    StartMethod(order, ObjectMember(body, "gateway_info"));
    return;
  }
  const bool never = draft.moto || order.recurring.flow == "token" || draft.flexible_3d == false;
  const bool browser_rule = settings_.threeds == ThreeDs::kRequireBrowser;
  const bool challenge = draft.flexible_3d == true || NeedsChallenge(*order.card);
  const int expiry_now = LocalYearMonth(now_ms_);
  int expiry = 0;
  std::from_chars(order.card->expiry.data(), order.card->expiry.data() + order.card->expiry.size(),
                  expiry);
  if (settings_.check_expiry && expiry < expiry_now) {
    AssignTransactionId(order);
    Decline(order, "4005", std::string(DeclineReason("4005")));
  } else if (!never && browser_rule && !draft.has_browser) {
    AssignTransactionId(order);
    Decline(order, "4999", "Browser data missing for 3D Secure");
  } else {
    BeginCard(order, challenge && !never);
  }
}

void Platform::AddCreateMembers(const Order& order, Json& data) const {
  if (order.qr_size > 0) data["qr_url"] = public_base_ + "/qr/" + order.session.id + ".svg";
  if (order.events_token.empty()) return;
  data["events_token"] = order.events_token;
  data["events_url"] =
      "ws" + public_base_.substr(std::min<std::size_t>(4, public_base_.size())) + "/events/";
  data["events_stream_url"] = public_base_ + "/events/stream/";
}

ApiResponse Platform::RedirectResponse(const Order& order) {
  Json data{{"order_id", order.order_id}, {"session_id", order.session.id}};
  if (!order.AtTerminal()) {
    data["payment_url"] =
        public_base_ + "/connect/" + order.session.id + "/?lang=" + PercentEncoded(order.locale);
  }
  AddCreateMembers(order, data);
  ApiResponse response = Success(std::move(data));
  response.order_id = order.order_id;
  return response;
}

ApiResponse Platform::DirectResponse(const Order& order) {
  Json data = Render(order);
  const std::string connect =
      public_base_ + "/connect/" + order.session.id + "/?lang=" + PercentEncoded(order.locale);
  std::string payment_url = connect;
  if (!IsOpenForPayment(order)) {
    payment_url = ReturnUrl(order);
    if (payment_url.empty()) payment_url = connect;
  }
  data["payment_url"] = payment_url;
  AddCreateMembers(order, data);
  if (!order.cancel_url.empty())
    data["cancel_url"] = WithQuery(order.cancel_url, "transactionid", order.order_id);
  if (order.authentication.awaiting_challenge) {
    const std::string html =
        settings_.empty_html ? std::string() : ChallengeForm(order, public_base_);
    data["customer_verification"] = {{"type", "form"}, {"html", html}};
  }
  ApiResponse response = Success(std::move(data));
  response.order_id = order.order_id;
  return response;
}

}  // namespace msp::sandbox
