// SPDX-License-Identifier: Apache-2.0

#include "service/payments/method_states.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/match.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using Gateways = std::span<const std::string_view>;

bool Is(std::string_view value, std::string_view name) {
  return absl::EqualsIgnoreCase({value.data(), value.size()}, {name.data(), name.size()});
}

// Gateway ids, with the names that a method has or had beside its id: RIVERTY is AFTERPAY, SOFORT
// is DIRECTBANK, BNPL_INST is BNPL_INSTM.
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

struct Row {
  Gateways gateways;
  std::string_view status;
  std::string_view financial_status;
  v1::PaymentState state;
};

// The first match wins.
constexpr std::array kRows{
    // Authorized; the funds await capture or shipment (in3: the first instalment is paid).
    Row{kPayLater, "completed", "uncleared", v1::PAYMENT_STATE_AUTHORIZED},
    // Being authorized, or waiting for the customer.
    Row{kPayLater, "uncleared", "initialized", v1::PAYMENT_STATE_PENDING},
    Row{kPayLater, "uncleared", "uncleared", v1::PAYMENT_STATE_PENDING},
    // Authorized; can be refunded, not cancelled.
    Row{kInvoices, "completed", "initialized", v1::PAYMENT_STATE_AUTHORIZED},
    // Authorized; the bank transfers the funds.
    Row{kRequestToPay, "completed", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // The customer has paid; settled when completed/completed.
    Row{kReferences, "completed", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // The customer has authenticated.
    Row{kBizum, "completed", "initialized", v1::PAYMENT_STATE_PROCESSING},
    // The mandate is made, and sent to the bank.
    Row{kDirectDebit, "uncleared", "initialized", v1::PAYMENT_STATE_PROCESSING},
    Row{kDirectDebit, "uncleared", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // Authorized by the bank, up to three days before the funds come; or corrected later.
    Row{kTransfers, "uncleared", "uncleared", v1::PAYMENT_STATE_PROCESSING},
    // PayPal has collected the payment.
    Row{kPayPal, "completed", "initialized", v1::PAYMENT_STATE_PAID},
    // Waiting for the customer in PayPal, or being authorized.
    Row{kPayPal, "uncleared", "initialized", v1::PAYMENT_STATE_PENDING},
    // The customer has confirmed the order.
    Row{kAmazonPay, "completed", "initialized", v1::PAYMENT_STATE_PROCESSING},
    // Authorized, and held as possible fraud.
    Row{kCards, "uncleared", "uncleared", v1::PAYMENT_STATE_IN_REVIEW},
    // Said of a refund's own transaction when it begins: never the order's state.
    Row{kRefundsUnderTheOrder, "initialized", "completed", v1::PAYMENT_STATE_UNRECOGNIZED},
};

}  // namespace

std::string_view MethodOf(const v1::Order& order) {
  if (!order.payment_details().type().empty()) return order.payment_details().type();
  const auto& methods = order.payment_methods();
  const auto newest = std::find_if(methods.rbegin(), methods.rend(), [](const auto& method) {
    return !method.type().empty() && !Is(method.type(), "COUPON");
  });
  return newest == methods.rend() ? std::string_view() : std::string_view(newest->type());
}

std::optional<v1::PaymentState> StateByMethod(const v1::Order& order) {
  const std::string_view method = MethodOf(order);
  if (method.empty()) return std::nullopt;
  for (const Row& row : kRows) {
    if (!Is(order.status(), row.status) || !Is(order.financial_status(), row.financial_status))
      continue;
    if (std::any_of(row.gateways.begin(), row.gateways.end(),
                    [method](std::string_view gateway) { return Is(method, gateway); }))
      return row.state;
  }
  return std::nullopt;
}

}  // namespace msp::payments
