// SPDX-License-Identifier: Apache-2.0

#include "service/payments/method_states.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/match.h"
#include "service/base/text.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using Gateways = std::span<const std::string_view>;

// Gateway ids, with a method's other and former names: RIVERTY is AFTERPAY, SOFORT is DIRECTBANK,
// BNPL_INST is BNPL_INSTM.
constexpr auto kPayLater = std::to_array<std::string_view>(
    {"KLARNA", "AFTERPAY", "RIVERTY", "BILLINK", "IN3", "IN3B2B", "SANTANDER", "BNPL_INSTM",
     "BNPL_INST", "BNPL_MF", "PAYAFTER"});
constexpr auto kInvoices = std::to_array<std::string_view>({"EINVOICE", "ZINIA", "ZINIA_IN3"});
constexpr auto kRequestToPay = std::to_array<std::string_view>({"DBRTP"});
constexpr auto kReferences = std::to_array<std::string_view>({"MBWAY", "MULTIBANCO"});
constexpr auto kBizum = std::to_array<std::string_view>({"BIZUM"});
constexpr auto kDirectDebit = std::to_array<std::string_view>({"DIRDEB"});
constexpr auto kTransfers = std::to_array<std::string_view>({"DIRECTBANK", "SOFORT", "TRUSTLY"});
constexpr auto kPayPal = std::to_array<std::string_view>({"PAYPAL"});
constexpr auto kAmazonPay = std::to_array<std::string_view>({"AMAZONBTN"});
constexpr auto kCards = std::to_array<std::string_view>(
    {"CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX", "APPLEPAY", "GOOGLEPAY"});
constexpr auto kRefundsUnderTheOrder =
    std::to_array<std::string_view>({"KLARNA", "AFTERPAY", "RIVERTY"});

struct StateRow {
  Gateways gateways;
  std::string_view status;
  std::string_view financial_status;
  v1::PaymentState state;
};

// The first match wins.
constexpr std::array kRows{
    // Authorized; the funds await capture or shipment (in3: the first instalment is paid).
    StateRow{kPayLater, "completed", "uncleared", v1::PAYMENT_STATE_AUTHORIZED},
    // Being authorized, or waiting for the customer.
    StateRow{kPayLater, "uncleared", "initialized", v1::PAYMENT_STATE_PENDING},
    StateRow{kPayLater, "uncleared", "uncleared", v1::PAYMENT_STATE_PENDING},
    // Authorized; can be refunded, not cancelled.
    StateRow{kInvoices, "completed", "initialized", v1::PAYMENT_STATE_AUTHORIZED},
    // Authorized; the bank transfers the funds.
    StateRow{kRequestToPay, "completed", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // The customer has paid; settled when completed/completed.
    StateRow{kReferences, "completed", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // The customer has authenticated.
    StateRow{kBizum, "completed", "initialized", v1::PAYMENT_STATE_PROCESSING},
    // The mandate was made and sent to the bank.
    StateRow{kDirectDebit, "uncleared", "initialized", v1::PAYMENT_STATE_PROCESSING},
    StateRow{kDirectDebit, "uncleared", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // Authorized by the bank, up to three days before the funds arrive; or corrected later.
    StateRow{kTransfers, "uncleared", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // PayPal has collected the payment.
    StateRow{kPayPal, "completed", "initialized", v1::PAYMENT_STATE_PAID},
    // Waiting for the customer in PayPal, or being authorized.
    StateRow{kPayPal, "uncleared", "initialized", v1::PAYMENT_STATE_PENDING},
    // The customer has confirmed the order.
    StateRow{kAmazonPay, "completed", "initialized", v1::PAYMENT_STATE_PROCESSING},
    // Authorized, and held as possible fraud.
    StateRow{kCards, "uncleared", "uncleared", v1::PAYMENT_STATE_IN_REVIEW},
    // The pair of a refund's own transaction when it begins: never the order's state.
    StateRow{kRefundsUnderTheOrder, "initialized", "completed", v1::PAYMENT_STATE_UNRECOGNIZED},
};

bool IsOneOf(Gateways gateways, std::string_view method) {
  return std::any_of(gateways.begin(), gateways.end(), [method](std::string_view gateway) {
    return EqualsIgnoreCase(method, gateway);
  });
}

}  // namespace

std::string_view MethodOf(const v1::Order& order) {
  if (!order.payment_details().type().empty()) return order.payment_details().type();
  const auto& methods = order.payment_methods();
  const auto newest = std::find_if(methods.rbegin(), methods.rend(), [](const auto& method) {
    return !method.type().empty() && !EqualsIgnoreCase(method.type(), "COUPON");
  });
  return newest == methods.rend() ? std::string_view() : std::string_view(newest->type());
}

bool RefundsByItems(const v1::Order& order) {
  return IsOneOf(kPayLater, MethodOf(order)) || IsOneOf(kInvoices, MethodOf(order));
}

std::optional<v1::PaymentState> StateByMethod(const v1::Order& order) {
  const std::string_view method = MethodOf(order);
  if (method.empty()) return std::nullopt;
  for (const StateRow& row : kRows) {
    if (!EqualsIgnoreCase(order.status(), row.status) ||
        !EqualsIgnoreCase(order.financial_status(), row.financial_status))
      continue;
    if (IsOneOf(row.gateways, method)) return row.state;
  }
  return std::nullopt;
}

}  // namespace msp::payments
