// SPDX-License-Identifier: Apache-2.0

#include "service/payments/mismatch.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/payments/message_cast.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// Whether the answer's order_id, if any, is the id that the call named. A caller may name an order
// by MultiSafepay's id: then this is false for a right answer, and a lookup of the order resolves
// it.
template <class Answered>
bool IsAboutOneOf(const Answered& answered, std::initializer_list<std::string_view> ids,
                  const std::vector<std::string_view>& numbers) {
  const std::string field = answered.GetDescriptor()->full_name() + ".order_id";
  return answered.order_id().empty() || std::any_of(ids.begin(), ids.end(), [&](auto id) {
           return SameOrderId(id, answered.order_id(), numbers, field);
         });
}

}  // namespace

std::string_view CreateMismatch(const v1::CreateOrderRequest& sent, const v1::Order& order,
                                const std::vector<std::string_view>& numbers) {
  if (order.has_order_id() &&
      !SameOrderId(sent.order_id(), order.order_id(), numbers, "multisafepay.v1.Order.order_id"))
    return "order_id";
  if (sent.has_amount() && order.has_amount() && sent.amount() != order.amount()) return "amount";
  if (sent.has_currency() && order.has_currency() &&
      !absl::EqualsIgnoreCase(sent.currency(), order.currency()))
    return "currency";
  return {};
}

std::string_view PaymentMismatch(const pb::Message& request, const pb::Message& response,
                                 const std::vector<std::string_view>& numbers) {
  bool same = true;
  if (const auto* captured = As<v1::CaptureOrderResponse>(response)) {
    const auto& sent = static_cast<const v1::CaptureOrderRequest&>(request);
    same = IsAboutOneOf(captured->capture(), {sent.order_id(), sent.new_order_id()}, numbers);
  } else if (const auto* voided = As<v1::VoidOrderResponse>(response)) {
    const auto& sent = static_cast<const v1::VoidOrderRequest&>(request);
    same = IsAboutOneOf(voided->authorization_void(), {sent.order_id()}, numbers);
  } else if (const auto* refunded = As<v1::RefundOrderResponse>(response)) {
    const auto& sent = static_cast<const v1::RefundOrderRequest&>(request);
    same = IsAboutOneOf(refunded->refund(), {sent.order_id(), sent.refund_order_id()}, numbers);
  } else if (const auto* cancelled = As<v1::CancelRefundResponse>(response)) {
    const auto& sent = static_cast<const v1::CancelRefundRequest&>(request);
    same = IsAboutOneOf(cancelled->refund_cancellation(), {sent.order_id()}, numbers);
  }
  return same ? std::string_view() : std::string_view("order_id");
}

std::string_view ReadMismatch(const pb::Message& request, const pb::Message& response,
                              const std::vector<std::string_view>& numbers) {
  if (const auto* got = As<v1::GetOrderResponse>(response)) {
    const std::string& id = static_cast<const v1::GetOrderRequest&>(request).order_id();
    const v1::Order& order = got->order();
    // An order may be requested by MultiSafepay's id, too. An id that differs only in case is left
    // to the caller: MultiSafepay may treat both as one.
    if (order.has_order_id() &&
        !SameOrderId(id, order.order_id(), numbers, "multisafepay.v1.Order.order_id") &&
        !absl::EqualsIgnoreCase(id, order.order_id()) && id != order.transaction_id())
      return "order_id";
  } else if (const auto* transaction = As<v1::GetTransactionResponse>(response)) {
    const auto& sent = static_cast<const v1::GetTransactionRequest&>(request);
    if (sent.transaction_id() != transaction->transaction().transaction_id())
      return "transaction_id";
  } else if (const auto* token = As<v1::GetTokenResponse>(response)) {
    if (static_cast<const v1::GetTokenRequest&>(request).token() != token->token().token())
      return "token";
  } else if (const auto* gateway = As<v1::GetGatewayResponse>(response)) {  // Case-insensitive.
    const auto& sent = static_cast<const v1::GetGatewayRequest&>(request);
    if (!absl::EqualsIgnoreCase(sent.gateway_id(), gateway->gateway().id())) return "id";
  } else if (const auto* method = As<v1::GetPaymentMethodResponse>(response)) {
    const auto& sent = static_cast<const v1::GetPaymentMethodRequest&>(request);
    if (!absl::EqualsIgnoreCase(sent.payment_method_id(), method->payment_method().id()))
      return "id";
  }
  return {};
}

Failure MismatchFailure(std::string_view member, int http_status) {
  return {.code = absl::StatusCode::kInternal,
          .message = absl::StrCat("MultiSafepay answered about another payment: ",
                                  absl::string_view(member.data(), member.size()),
                                  " differs from what was sent"),
          .reason = std::string(reason::kUpstreamMismatch),
          .http_status = http_status};
}

bool SameOrderId(std::string_view sent, std::string_view answered,
                 const std::vector<std::string_view>& numbers, std::string_view field) {
  return sent == answered || (SameOrderId(sent, answered) &&
                              std::find(numbers.begin(), numbers.end(), field) != numbers.end());
}

bool SameOrderId(std::string_view sent, std::string_view answered) {
  if (sent == answered) return true;
  const auto all_digits = [](std::string_view id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
  };
  if (!all_digits(sent) || !all_digits(answered)) return false;
  sent.remove_prefix(std::min(sent.find_first_not_of('0'), sent.size()));
  answered.remove_prefix(std::min(answered.find_first_not_of('0'), answered.size()));
  return sent == answered;
}

}  // namespace msp::payments
