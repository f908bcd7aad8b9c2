// SPDX-License-Identifier: Apache-2.0

#include "service/payments/operation.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "access/msp_envelope_proto.h"
#include "multisafepay/v1/account_service.pb.h"
#include "multisafepay/v1/checkout_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/terminal_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "service/base/text.h"
#include "service/codec/encode.h"
#include "service/payments/envelope.pb.h"
#include "service/payments/message_cast.h"
#include "service/payments/paging.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using http::Method;

template <class Request, class Response>
OperationRow Row(std::string_view name, Method method, std::string_view path, Effect effect,
                 std::string_view data_field, std::vector<EvidenceRow> evidence = {},
                 std::string_view fixed_members = {}) {
  return {name,
          method,
          path,
          effect,
          data_field,
          std::move(evidence),
          fixed_members,
          &Request::default_instance(),
          &Response::default_instance()};
}

const auto& Rows() {
  static const auto& rows = *new std::array{
      Row<v1::CreateOrderRequest, v1::CreateOrderResponse>("CreateOrder", Method::kPost, "/orders",
                                                           Effect::kMoney, "order",
                                                           {{"order_id", Need::kAnyPresent},
                                                            {"transaction_id", Need::kAnyPresent},
                                                            {"payment_url", Need::kAnyPresent}}),
      Row<v1::GetOrderRequest, v1::GetOrderResponse>("GetOrder", Method::kGet, "/orders/{order_id}",
                                                     Effect::kRead, "order",
                                                     {{"order_id", Need::kAnyPresent},
                                                      {"transaction_id", Need::kAnyPresent},
                                                      {"status", Need::kAnyPresent}}),
      Row<v1::UpdateOrderRequest, v1::UpdateOrderResponse>(
          "UpdateOrder", Method::kPatch, "/orders/{order_id}", Effect::kWrite, "update"),
      Row<v1::CancelOrderRequest, v1::CancelOrderResponse>("CancelOrder", Method::kPatch,
                                                           "/orders/{order_id}", Effect::kMoney,
                                                           "order", {}, R"("status":"cancelled")"),
      Row<v1::CaptureOrderRequest, v1::CaptureOrderResponse>(
          "CaptureOrder", Method::kPost, "/orders/{order_id}/capture", Effect::kMoney, "capture",
          {{"transaction_id", Need::kPresent}, {"order_id", Need::kPresent}},
          R"("new_order_status":"completed")"),
      Row<v1::VoidOrderRequest, v1::VoidOrderResponse>(
          "VoidOrder", Method::kPatch, "/capture/{order_id}", Effect::kMoney, "authorization_void",
          {{"success", Need::kNotFalse}}, R"("status":"cancelled")"),
      Row<v1::RefundOrderRequest, v1::RefundOrderResponse>(
          "RefundOrder", Method::kPost, "/orders/{order_id}/refunds", Effect::kMoney, "refund",
          {{"refund_id", Need::kAnyPresent}, {"transaction_id", Need::kAnyPresent}}),
      Row<v1::CancelRefundRequest, v1::CancelRefundResponse>(
          "CancelRefund", Method::kPatch, "/orders/{order_id}/refunds/{refund_id}", Effect::kMoney,
          "refund_cancellation", {}, R"("status":"void")"),
      Row<v1::ListTokensRequest, v1::ListTokensResponse>(
          "ListTokens", Method::kGet, "/recurring/{reference}", Effect::kRead, ""),
      Row<v1::GetTokenRequest, v1::GetTokenResponse>(
          "GetToken", Method::kGet, "/recurring/{reference}/token/{token}", Effect::kRead, "token",
          {{"token", Need::kPresent}}),
      Row<v1::UpdateTokenRequest, v1::UpdateTokenResponse>(
          "UpdateToken", Method::kPatch, "/recurring/{reference}/update/{token}", Effect::kWrite,
          "update", {{"updated", Need::kTrue}}),
      Row<v1::DeleteTokenRequest, v1::DeleteTokenResponse>(
          "DeleteToken", Method::kDelete, "/recurring/{reference}/remove/{token}", Effect::kWrite,
          "removal", {{"removed", Need::kTrue}}),
      Row<v1::ListPaymentMethodsRequest, v1::ListPaymentMethodsResponse>(
          "ListPaymentMethods", Method::kGet, "/payment-methods", Effect::kRead, "payment_methods"),
      Row<v1::GetPaymentMethodRequest, v1::GetPaymentMethodResponse>(
          "GetPaymentMethod", Method::kGet, "/payment-methods/{payment_method_id}", Effect::kRead,
          "payment_method", {{"id", Need::kPresent}}),
      Row<v1::ListGatewaysRequest, v1::ListGatewaysResponse>(
          "ListGateways", Method::kGet, "/gateways", Effect::kRead, "gateways"),
      Row<v1::GetGatewayRequest, v1::GetGatewayResponse>("GetGateway", Method::kGet,
                                                         "/gateways/{gateway_id}", Effect::kRead,
                                                         "gateway", {{"id", Need::kPresent}}),
      Row<v1::ListTransactionsRequest, v1::ListTransactionsResponse>(
          "ListTransactions", Method::kGet, "/transactions", Effect::kRead, "transactions"),
      Row<v1::GetTransactionRequest, v1::GetTransactionResponse>(
          "GetTransaction", Method::kGet, "/transactions/{transaction_id}", Effect::kRead,
          "transaction", {{"transaction_id", Need::kPresent}}),
      Row<v1::HoldOrderRequest, v1::HoldOrderResponse>(
          "HoldOrder", Method::kPost, "/pad/orders/{order_id}/onhold", Effect::kWrite, "until"),
      Row<v1::ExtendOrderRequest, v1::ExtendOrderResponse>("ExtendOrder", Method::kPost,
                                                           "/pad/orders/{order_id}/autoexpire",
                                                           Effect::kWrite, "until"),
      Row<v1::AddOrderFileRequest, v1::AddOrderFileResponse>(
          "AddOrderFile", Method::kPost, "/orders/{order_id}/files", Effect::kWrite, "update"),
      Row<v1::ListIssuersRequest, v1::ListIssuersResponse>(
          "ListIssuers", Method::kGet, "/issuers/{gateway_id}", Effect::kRead, "issuers"),
      Row<v1::CreateApiTokenRequest, v1::CreateApiTokenResponse>(
          "CreateApiToken", Method::kGet, "/auth/api_token", Effect::kRead, "api_token",
          {{"api_token", Need::kPresent}}),
      Row<v1::CreateApplePaySessionRequest, v1::CreateApplePaySessionResponse>(
          "CreateApplePaySession", Method::kPost, "/wallets/sessions/applepay", Effect::kWrite,
          "apple_pay_session", {{"session", Need::kPresent}}),
      Row<v1::GetAccountRequest, v1::GetAccountResponse>("GetAccount", Method::kGet, "/me",
                                                         Effect::kRead, "account",
                                                         {{"account_id", Need::kPresent}}),
      Row<v1::ListClosingBalancesRequest, v1::ListClosingBalancesResponse>(
          "ListClosingBalances", Method::kGet, "/closing-balances", Effect::kRead,
          "closing_balances"),
      Row<v1::ListCategoriesRequest, v1::ListCategoriesResponse>(
          "ListCategories", Method::kGet, "/categories", Effect::kRead, "categories"),
      Row<v1::ListTerminalsRequest, v1::ListTerminalsResponse>(
          "ListTerminals", Method::kGet, "/terminals", Effect::kRead, "terminals"),
      Row<v1::ListGroupTerminalsRequest, v1::ListGroupTerminalsResponse>(
          "ListGroupTerminals", Method::kGet, "/terminal-groups/{terminal_group_id}/terminals",
          Effect::kRead, "terminals"),
      Row<v1::GetReceiptRequest, v1::GetReceiptResponse>("GetReceipt", Method::kGet,
                                                         "/pos/receipt/{order_id}", Effect::kRead,
                                                         "receipt", {{"order", Need::kPresent}}),
  };
  return rows;
}

std::vector<const pb::Descriptor*> Roots() {
  std::vector<const pb::Descriptor*> roots{Envelope::descriptor()};
  for (const OperationRow& row : Rows()) {
    roots.push_back(row.request->GetDescriptor());
    roots.push_back(row.response->GetDescriptor());
  }
  return roots;
}

bool HasBody(const codec::MessageSchema& schema) {
  for (const codec::FieldSchema& entry : schema.entries()) {
    if (!entry.service_only && entry.location == v1::PLACE_UNSPECIFIED) return true;
  }
  return false;
}

}  // namespace

absl::Span<const OperationRow> OperationRows() { return Rows(); }

Operations::Operations()
    : schemas_(Roots(), {access::MspEnvelopeProto()}),
      envelope_schema_(&schemas_.Of(Envelope::descriptor())) {
  for (const OperationRow& row : Rows()) {
    Operation operation{.row = row};
    operation.request_schema = &schemas_.Of(row.request->GetDescriptor());
    operation.response_schema = &schemas_.Of(row.response->GetDescriptor());
    if (!row.data_field.empty())
      operation.data_entry = operation.response_schema->Find(row.data_field);
    operation.is_create = row.request->GetDescriptor() == v1::CreateOrderRequest::descriptor();
    operation.order_id_entry = operation.request_schema->Find("order_id");
    operation.amount_entry = operation.request_schema->Find("amount");
    operation.currency_entry = operation.request_schema->Find("currency");
    operation.is_get_order = row.request->GetDescriptor() == v1::GetOrderRequest::descriptor();
    operation.is_list = row.name.starts_with("List");
    operation.is_paged = operation.request_schema->Find("page_size") != nullptr;
    operation.needs_data = operation.reads() || operation.is_create;
    operation.has_body = (row.method == Method::kPost || row.method == Method::kPatch) &&
                         (HasBody(*operation.request_schema) || !row.fixed_members.empty());
    const pb::FieldDescriptor* const data =
        operation.data_entry == nullptr ? nullptr : operation.data_entry->field;
    const bool one_object =
        data != nullptr && !data->is_repeated() && data->message_type() != nullptr;
    operation.evidence = EvidenceOf(
        row.evidence, one_object ? *data->message_type() : *row.response->GetDescriptor());
    operations_.push_back(std::move(operation));
  }
  cancel_by_post_ = Find("CancelOrder");
  cancel_by_post_.row.method = Method::kPost;
  cancel_by_post_.row.path = "/orders/{order_id}/cancel";
  cancel_by_post_.row.fixed_members = {};
  cancel_by_post_.has_body = false;
}

const Operation& Operations::Sent(const Operation& operation, const pb::Message& request) const {
  const auto* const cancel = As<v1::CancelOrderRequest>(request);
  const bool by_post = cancel != nullptr && cancel->by() == v1::CANCEL_METHOD_POST;
  return by_post ? cancel_by_post_ : operation;
}

const Operation& Operations::Find(std::string_view name) const {
  for (const Operation& operation : operations_) {
    if (operation.row.name == name) return operation;
  }
  std::abort();  // A name that is not in the table: a wiring mistake; the first start shows it.
}

std::string TargetOf(const Operation& operation, const pb::Message& request) {
  std::string target;
  std::string_view path = operation.row.path;
  while (!path.empty()) {
    const std::size_t open = path.find('{');
    target.append(path.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = path.find('}', open);
    const codec::FieldSchema* entry =
        operation.request_schema->Find(path.substr(open + 1, close - open - 1));
    target += PercentEncoded(entry->Text(request));
    path.remove_prefix(close + 1);
  }
  const std::size_t before = target.size();
  codec::EncodeQuery(*operation.request_schema, request, target);
  if (operation.reads()) AppendPageQuery(request, target.size() != before, target);
  if (target.size() != before) target.insert(before, 1, '?');
  return target;
}

std::optional<std::int64_t> AmountOf(const Operation& operation, const pb::Message& request) {
  const codec::FieldSchema* const entry = operation.amount_entry;
  if (entry == nullptr || entry->field->cpp_type() != pb::FieldDescriptor::CPPTYPE_INT64 ||
      !request.GetReflection()->HasField(request, entry->field))
    return std::nullopt;
  return request.GetReflection()->GetInt64(request, entry->field);
}

std::string_view CurrencyOf(const Operation& operation, const pb::Message& request) {
  const codec::FieldSchema* const entry = operation.currency_entry;
  if (entry == nullptr || entry->field->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING ||
      entry->field->is_repeated())
    return {};
  return entry->Text(request);
}

std::string_view OrderIdOf(const Operation& operation, const pb::Message& request) {
  if (operation.order_id_entry == nullptr) return {};
  return operation.order_id_entry->Text(request);
}

}  // namespace msp::payments
