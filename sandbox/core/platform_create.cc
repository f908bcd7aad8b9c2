// SPDX-License-Identifier: Apache-2.0

// POST /orders: the documented checks in their order, then the order itself.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "sandbox/core/cart.h"
#include "sandbox/core/catalogue.h"
#include "sandbox/core/gateways.h"
#include "sandbox/core/local_time.h"
#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"
#include "sandbox/core/read_card.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kSessionDefaultS = 30 * kDayS;
constexpr std::int64_t kSessionMaxS = 365 * kDayS;
constexpr std::int64_t kOrderIdCharsMax = 50;
constexpr std::int64_t kDescriptionCharsMax = 200;
constexpr std::int64_t kVarCharsMax = 500;

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

bool IsIpAddress(const std::string& text) {
  unsigned char parsed[16];
  return inet_pton(AF_INET, text.c_str(), parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), parsed) == 1;
}

bool IsCountry(const std::string& text) {
  return text.size() == 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

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

// What the checks have read so far.
struct Platform::Draft {
  std::string order_id;
  std::string type;
  std::string gateway;
  std::string currency;
  std::string description;
  std::int64_t amount = 0;
  std::optional<Card> card;
  Recurring recurring;
  bool has_browser = false;
  bool moto = false;
  std::optional<bool> flexible_3d;
  std::string terminal_id;
  std::string api_token;
  Json component = Json::object();  // what the payment component made
};

ApiResponse Platform::Invalid(int error_code, const char* attribute) {
  return settings_.validation_422 ? ValidationError(attribute, error_code)
                                  : ErrorResponse(error_code);
}

std::optional<ApiResponse> Platform::CheckBasics(const Json& body, Draft& draft) {
  const Json* id = Member(body, "order_id");
  if (id != nullptr && !id->is_string()) Count("order_ids_not_strings");
  const auto order_id = TextMember(body, "order_id");
  if (!order_id) return Invalid(1016, "order_id");
  if (CodePoints(*order_id) > kOrderIdCharsMax) return Invalid(1006, "order_id");
  draft.order_id = *order_id;
  draft.currency = TextMember(body, "currency").value_or("");
  if (!IsKnownCurrency(draft.currency)) return Invalid(1002, "currency");
  const AmountRead amount = AmountMember(body, "amount", settings_.strict_types);
  if (amount.kind != AmountRead::Kind::kValue || amount.value < 0) return Invalid(1001, "amount");
  draft.amount = amount.value;
  if (draft.amount == 0 && !IsCardGateway(TextMember(body, "gateway").value_or("")))
    return Invalid(1001, "amount");
  if (draft.currency == "EUR" && draft.amount > settings_.amount_cap)
    return Invalid(1001, "amount");
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckTexts(const Json& body, Draft& draft) {
  draft.description = TextMember(body, "description").value_or("");
  if (draft.description.empty() || CodePoints(draft.description) > kDescriptionCharsMax) {
    return Invalid(1008, "description");
  }
  for (const char* name : {"var1", "var2", "var3"}) {
    if (CodePoints(TextMember(body, name).value_or("")) > kVarCharsMax) return Invalid(1010, name);
  }
  const Json& customer = ObjectMember(body, "customer");
  const auto country = TextMember(customer, "country");
  if (country && !IsCountry(*country)) return Invalid(1018, "country");
  for (const char* name : {"ip_address", "forwarded_ip"}) {
    const auto ip = TextMember(customer, name);
    if (ip && !IsIpAddress(*ip)) return Invalid(1007, name);
  }
  const Json* browser = Member(customer, "browser");
  draft.has_browser = browser != nullptr && browser->is_object() && !browser->empty();
  draft.recurring.reference = TextMember(customer, "reference").value_or("");
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckGateway(const Json& body, Draft& draft) {
  draft.type = TextMember(body, "type").value_or("redirect");
  static constexpr std::string_view kTypes[] = {"direct", "paymentlink", "checkout",
                                                "unreferenced_refund"};
  if (std::find(std::begin(kTypes), std::end(kTypes), draft.type) == std::end(kTypes))
    draft.type = "redirect";
  const Json& payment_data = ObjectMember(body, "payment_data");
  draft.component = ReadPayload(payment_data);
  std::string code = TextMember(body, "gateway").value_or("");
  if (code.empty()) code = TextMember(payment_data, "gateway").value_or("");
  if (code.empty()) code = TextMember(draft.component, "gateway").value_or("");
  draft.gateway = KnownGateway(code);
  if (!code.empty() && draft.gateway.empty()) return ErrorResponse(1023);
  const Json& nested = ObjectMember(body, "recurring");
  draft.recurring.id =
      TextMember(body, "recurring_id").value_or(TextMember(nested, "id").value_or(""));
  draft.recurring.model =
      TextMember(body, "recurring_model").value_or(TextMember(nested, "model").value_or(""));
  if (draft.type == "direct" && code.empty() && draft.recurring.id.empty())
    return ErrorResponse(1023);
  const Json& info = ObjectMember(body, "gateway_info");
  draft.moto = BoolMember(info, "moto").value_or(false);
  draft.flexible_3d = BoolMember(info, "flexible_3d");
  draft.terminal_id = TextMember(info, "terminal_id").value_or("");
  const auto issuer = TextMember(info, "issuer_id");
  if (issuer && !IsKnownIssuer(draft.gateway, *issuer)) return ErrorResponse(1036);
  if (!draft.terminal_id.empty()) return CheckTerminal(draft.terminal_id);
  if (draft.type == "unreferenced_refund") return ErrorResponse(1016);
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckDuplicate(const Site& site, const Draft& draft) {
  const auto found = by_order_id_.find({site.site_id, draft.order_id});
  if (found == by_order_id_.end()) return std::nullopt;
  for (const std::uint64_t seq : found->second) {
    const Order* order = FindSeq(seq);
    if (order == nullptr || order->kind == Kind::kRefund || order->kind == Kind::kChargeback)
      continue;
    const bool dead = order->status == "declined" || order->status == "expired" ||
                      order->status == "cancelled" || order->status == "void";
    const bool over = order->status == "refunded" || order->status == "chargeback";
    const bool blocks =
        settings_.order_id_rule == OrderIdRule::kAny ||
        (settings_.order_id_rule == OrderIdRule::kLive && !dead && !over) ||
        (settings_.order_id_rule == OrderIdRule::kNotDead && !dead) ||
        (settings_.order_id_rule == OrderIdRule::kCompleted && order->completed_ms != 0);
    if (!blocks) continue;
    Count("duplicates_refused");
    ApiResponse response = ErrorResponse(1006);
    response.order_id = draft.order_id;
    return response;
  }
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckCart(const Json& body, const Draft& draft) {
  const Json& options = ObjectMember(body, "checkout_options");
  if (!BoolMember(options, "validate_cart").value_or(false)) return std::nullopt;
  switch (CheckCartTotal(body, draft.amount, draft.currency)) {
    case CartCheck::kRight:
      return std::nullopt;
    case CartCheck::kOtherCurrency:
      return ErrorResponse(1026);
    case CartCheck::kBadRate:
      return ErrorResponse(1028);
    case CartCheck::kWrongTotal:
      break;
  }
  return ErrorResponse(1027);
}

std::optional<ApiResponse> Platform::CheckCard(const Json& body, Draft& draft) {
  if (draft.type != "direct" || !draft.recurring.id.empty() || !IsCardGateway(draft.gateway))
    return std::nullopt;
  const bool typed = TextMember(ObjectMember(body, "gateway_info"), "card_number").has_value();
  if (Member(body, "payment_data") != nullptr && !typed) {
    // A payload without a readable card counts as an approved Visa.
    const Json& fields = ObjectMember(draft.component, "fields");
    const bool readable = TextMember(fields, "card_number").has_value();
    const CardRead read =
        readable ? ReadCard(fields, draft.gateway, false, false)
                 : ReadCard({{"card_number", "4111111111111111"}, {"card_expiry_date", "3012"}}, "",
                            true, false);
    if (read.error != 0) return ErrorResponse(read.error);
    draft.card = read.card;
    return std::nullopt;
  }
  const CardRead read =
      ReadCard(ObjectMember(body, "gateway_info"), draft.gateway, draft.moto, false);
  if (read.error != 0) return ErrorResponse(read.error);
  draft.card = read.card;
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckPaymentData(const Site& site, const Json& body,
                                                      Draft& draft) {
  const Json& payment_data = ObjectMember(body, "payment_data");
  if (payment_data.empty()) return std::nullopt;
  // `tokenize` false stores no token.
  if (BoolMember(payment_data, "tokenize") == false) draft.recurring.model.clear();
  draft.api_token = TextMember(draft.component, "api_token")
                        .value_or(TextMember(payment_data, "api_token").value_or(""));
  if (!draft.api_token.empty() && !IsApiTokenUsable(site, draft.api_token))
    return ErrorResponse(1000, 410, "Token not found");
  return std::nullopt;
}

std::optional<ApiResponse> Platform::CheckToken(const Site& site, const Json&, Draft& draft) {
  if (draft.recurring.id.empty() || draft.type != "direct") return std::nullopt;
  const auto found = tokens_.find({site.account_id, draft.recurring.id});
  if (found == tokens_.end() || draft.recurring.reference.empty() ||
      found->second.reference != draft.recurring.reference) {
    return ErrorResponse(1000, 410, "Not found: token");
  }
  draft.card = found->second.card;
  draft.recurring.flow = "token";
  return std::nullopt;
}

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
  const std::string& magic = order.card->magic;
  const bool never = draft.moto || order.recurring.flow == "token" || draft.flexible_3d == false;
  const bool browser_rule = settings_.threeds == ThreeDs::kRequireBrowser;
  bool challenge = settings_.threeds != ThreeDs::kFrictionless || order.card->always_challenge;
  if (magic == "FRICTIONLESS" || magic == "EXEMPTION") challenge = false;
  if (magic == "CHALLENGE" || draft.flexible_3d == true) challenge = true;
  const int expiry_now = AmsterdamYearMonth(now_ms_);
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

std::string Platform::PayWithCard(Order& order, const Json& card_data, std::string* field) {
  if (order.status != "initialized" || order.session.dead || order.AtTerminal())
    return "the order is not open for payment";
  if (order.transaction_id != 0) return "a payment is already under way";
  const CardRead read = ReadCard(card_data, order.gateway, false, true);
  if (read.error != 0) {
    const bool number = read.error == 1024;
    const bool expiry = !number && ReadExpiry(card_data).empty();
    if (field != nullptr)
      *field = number ? "card_number" : expiry ? "card_expiry_date" : "card_cvc";
    if (number) return "This card is not accepted: use a public test card";
    return expiry ? "Check the expiry date (YYMM)" : "Check the security code";
  }
  order.card = read.card;
  if (order.gateway.empty()) order.gateway = read.card.scheme;
  const std::string& magic = read.card.magic;
  bool challenge = settings_.threeds != ThreeDs::kFrictionless || read.card.always_challenge;
  if (magic == "FRICTIONLESS" || magic == "EXEMPTION") challenge = false;
  if (magic == "CHALLENGE") challenge = true;
  BeginCard(order, challenge);
  return {};
}

}  // namespace msp::sandbox
