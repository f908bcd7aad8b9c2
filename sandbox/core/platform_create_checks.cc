// SPDX-License-Identifier: Apache-2.0

// The documented checks of POST /orders, in the order in which CreateOrder makes them.
#include <arpa/inet.h>

#include <algorithm>

#include "sandbox/core/cart.h"
#include "sandbox/core/catalogue.h"
#include "sandbox/core/platform_draft.h"
#include "sandbox/core/read.h"
#include "sandbox/core/read_card.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kOrderIdCharsMax = 50;
constexpr std::int64_t kDescriptionCharsMax = 200;
constexpr std::int64_t kVarCharsMax = 500;

bool IsIpAddress(const std::string& text) {
  unsigned char parsed[16];
  return inet_pton(AF_INET, text.c_str(), parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), parsed) == 1;
}

bool IsCountry(const std::string& text) {
  return text.size() == 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

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

}  // namespace msp::sandbox
