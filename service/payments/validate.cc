// SPDX-License-Identifier: Apache-2.0

#include "service/payments/validate.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "multisafepay/v1/checkout_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/host.h"
#include "service/payments/message_cast.h"
#include "service/payments/paging.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using codec::Violation;

constexpr std::array<std::string_view, 5> kOrderTypes{"direct", "redirect", "paymentlink",
                                                      "checkout", "unreferenced_refund"};

bool Contains(const std::vector<Violation>& violations, std::string_view field) {
  return std::any_of(violations.begin(), violations.end(),
                     [&](const Violation& v) { return v.field == field; });
}

// True for card data in any form: entered, of a wallet, or from the payment component.
bool HoldsCard(const v1::CreateOrderRequest& order) {
  const v1::GatewayInfo& info = order.gateway_info();
  return !info.card_number().empty() || !info.card_cvc().empty() ||
         !info.card_expiry_date().empty() || !info.payment_token().empty() ||
         !order.payment_data().payload().empty();
}

void CheckCreateOrder(const v1::CreateOrderRequest& order, std::vector<Violation>& violations) {
  if (!order.type().empty() && !Contains(violations, "type") &&
      std::find(kOrderTypes.begin(), kOrderTypes.end(), order.type()) == kOrderTypes.end()) {
    violations.push_back(
        {.field = "type",
         .description = "must be direct, redirect, paymentlink, checkout or unreferenced_refund"});
  }
  // MultiSafepay treats an order without a type as a redirect, which ignores a card.
  if (order.type().empty() && HoldsCard(order)) {
    violations.push_back(
        {.field = "type", .description = "is required with card data; usually direct"});
  }
  // Card data without a gateway would be sent to a payment page's choice of methods.
  if (order.type() == "direct" && order.gateway().empty() &&
      !order.gateway_info().card_number().empty()) {
    violations.push_back(
        {.field = "gateway",
         .description =
             "is required for a direct order with card data: CREDITCARD, VISA, MASTERCARD, "
             "AMEX or MAESTRO"});
  }
}

// These two have their own RPCs, which return a certain outcome.
void CheckUpdateOrder(const v1::UpdateOrderRequest& update, std::vector<Violation>& violations) {
  const std::string status = absl::AsciiStrToLower(update.status());
  if (status == "cancelled" || status == "canceled" || status == "void") {
    violations.push_back(
        {.field = "status",
         .description = "cannot be set to cancelled or void here: call CancelOrder or VoidOrder"});
  }
}

// MultiSafepay requests any address that it is given, so only Apple's are passed on.
void CheckApplePay(const v1::CreateApplePaySessionRequest& session, std::string_view hosts,
                   std::vector<Violation>& violations) {
  std::string_view url = session.validation_url();
  if (Contains(violations, "validation_url")) return;
  if (absl::StartsWithIgnoreCase(session.validation_url(), "https://")) {
    url.remove_prefix(sizeof("https://") - 1);
    // A backslash or an @ before the path makes browsers and curl disagree about the host.
    const std::string_view host = url.substr(0, url.find_first_of("/?#\\"));
    if (IsWithinDomains(host, hosts)) return;
  }
  violations.push_back(
      {.field = "validation_url",
       .description = "must be https on one of Apple's hosts (--apple_pay_hosts)"});
}

// MultiSafepay treats an absent amount, and 0, as everything that is left: that must never happen
// by accident.
void CheckRefund(const v1::RefundOrderRequest& refund, std::vector<Violation>& violations) {
  const bool by_items = refund.checkout_data().items_size() > 0;
  if (refund.refund_case() == v1::RefundOrderRequest::REFUND_NOT_SET && !by_items) {
    violations.push_back(
        {.field = "refund", .description = "requires an amount of at least 1, or full"});
  }
}

}  // namespace

std::vector<Violation> Validate(const Operation& operation, const pb::Message& request,
                                std::string_view apple_pay_hosts) {
  std::vector<Violation> violations = codec::Check(*operation.request_schema, request);
  if (operation.creates()) {
    CheckCreateOrder(static_cast<const v1::CreateOrderRequest&>(request), violations);
  } else if (const auto* update = As<v1::UpdateOrderRequest>(request)) {
    CheckUpdateOrder(*update, violations);
  } else if (const auto* refund = As<v1::RefundOrderRequest>(request)) {
    CheckRefund(*refund, violations);
  } else if (const auto* session = As<v1::CreateApplePaySessionRequest>(request)) {
    CheckApplePay(*session, apple_pay_hosts, violations);
  }
  CheckPage(request, violations);
  return violations;
}

void CompleteRequest(const Operation& operation, std::string_view notification_url,
                     pb::Message& request) {
  if (!operation.creates()) return;
  auto& order = static_cast<v1::CreateOrderRequest&>(request);
  if (order.type().empty()) order.set_type("redirect");
  if (order.payment_options().notification_url().empty()) {
    if (notification_url.empty()) return;
    order.mutable_payment_options()->set_notification_url(std::string(notification_url));
  }
  if (order.payment_options().notification_method().empty()) {
    order.mutable_payment_options()->set_notification_method("POST");
  }
}

}  // namespace msp::payments
