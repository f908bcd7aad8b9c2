// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/client.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <future>

#include "client/cpp/rules.h"
#include "multisafepay/v1/order_service.grpc.pb.h"

namespace msp::client {
namespace {

namespace pb = google::protobuf;

constexpr char kSiteKey[] = "x-msp-site";
// The time for gRPC to report why it is not connected.
constexpr std::chrono::milliseconds kReasonMax{200};

// A reply without an outcome is inconclusive: an empty one, or one of a service that violates the
// schema.
std::optional<Error> Inconclusive(const pb::Message& response) {
  const pb::FieldDescriptor* field = response.GetDescriptor()->FindFieldByName("result");
  if (field == nullptr || field->message_type() != v1::CallResult::descriptor()) return {};
  const auto& result =
      static_cast<const v1::CallResult&>(response.GetReflection()->GetMessage(response, field));
  if (result.outcome() != v1::OUTCOME_UNSPECIFIED && result.outcome() != v1::OUTCOME_UNKNOWN)
    return {};
  return Error{.code = grpc::StatusCode::UNKNOWN,
               .message = "the reply does not state the outcome",
               .reason = "OUTCOME_UNKNOWN",
               .outcome = v1::OUTCOME_UNKNOWN};
}

grpc::Status Invoke(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
                    const pb::MethodDescriptor& method, const pb::Message& request,
                    pb::Message& response) {
  grpc::TemplatedGenericStub<pb::Message, pb::Message> stub(channel);
  const std::string path = "/" + method.service()->full_name() + "/" + method.name();
  // Shared with the callback, which still touches it after this thread has woken up.
  auto ended = std::make_shared<std::promise<grpc::Status>>();
  stub.UnaryCall(&context, path, {}, &request, &response,
                 [ended](grpc::Status status) { ended->set_value(std::move(status)); });
  return ended->get_future().get();
}

// gRPC's reason for having no connection, which only a call returns: it fails at once. This call
// does nothing.
std::string ReasonOf(const std::shared_ptr<grpc::Channel>& channel) {
  using grpc::health::v1::HealthCheckRequest;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kReasonMax);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status =
      Invoke(channel, context, *HealthCheckRequest::descriptor()->file()->service(0)->method(0),
             HealthCheckRequest(), response);
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ? ": " + status.error_message() : "";
}

// No connection was made, so the call may be repeated at once.
Error NotConnected(std::string reason) {
  return Error{.code = grpc::StatusCode::UNAVAILABLE,
               .message = std::move(reason),
               .reason = std::string(kNotConnected),
               .outcome = v1::OUTCOME_NOT_SENT,
               .retry_after_ms = 0};
}

}  // namespace

Watch::~Watch() {
  if (finished_) return;
  Cancel();
  Finish();
}

bool Watch::Next(v1::WatchOrderResponse& message) { return !finished_ && reader_->Read(&message); }

std::optional<Error> Watch::Finish() {
  if (finished_) return {};
  finished_ = true;
  const grpc::Status status = reader_->Finish();
  if (status.ok()) return {};
  return ReadError(status, /*moves_money=*/false);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  absl::StatusOr<Channels> channels = MakeChannels(options.channel);
  if (!channels.ok()) return channels.status();
  return std::unique_ptr<Client>(new Client(std::move(options), *std::move(channels)));
}

void Client::Prepare(grpc::ClientContext& context, const CallOptions& call,
                     std::int64_t timeout_ms) const {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(call.timeout_ms.value_or(timeout_ms)));
  if (!options_.site.empty()) context.AddMetadata(kSiteKey, options_.site);
  for (const auto& [key, value] : call.metadata) context.AddMetadata(key, value);
}

std::optional<Error> Client::Call(const pb::MethodDescriptor& method, const pb::Message& request,
                                  pb::Message& response, const CallOptions& call) const {
  const Repeat repeat = RepeatOf(method);
  const bool reads = repeat == Repeat::kFreely;
  grpc::ClientContext context;
  Prepare(context, call, reads ? options_.read_timeout_ms : options_.write_timeout_ms);
  const bool moves_money = repeat == Repeat::kByRule;
  if (moves_money) {
    const auto tried = Connect(options_.channel, channels_.writes, context.deadline());
    if (tried) return NotConnected(*tried + ReasonOf(channels_.writes));
  }
  const grpc::Status status =
      Invoke(reads ? channels_.reads : channels_.writes, context, method, request, response);
  if (!status.ok()) return ReadError(status, moves_money);
  return moves_money ? Inconclusive(response) : std::nullopt;
}

template <class Response, class Request>
Result<Response> Client::Typed(const char* method, const Request& request,
                               const CallOptions& call) const {
  // Every file of the schema has one service, and a request belongs to it.
  const pb::ServiceDescriptor& service = *Request::descriptor()->file()->service(0);
  Response response;
  std::optional<Error> error = Call(*service.FindMethodByName(method), request, response, call);
  if (error) return *std::move(error);
  return response;
}

std::unique_ptr<Watch> Client::WatchOrder(const v1::WatchOrderRequest& request,
                                          const CallOptions& call) const {
  std::unique_ptr<Watch> watch(new Watch);
  Prepare(*watch->context_, call, options_.watch_timeout_ms);
  watch->reader_ =
      v1::OrderService::NewStub(channels_.reads)->WatchOrder(watch->context_.get(), request);
  return watch;
}

Result<v1::CreateOrderResponse> Client::CreateOrder(const v1::CreateOrderRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::CreateOrderResponse>("CreateOrder", request, call);
}

Result<v1::CancelOrderResponse> Client::CancelOrder(const v1::CancelOrderRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::CancelOrderResponse>("CancelOrder", request, call);
}

Result<v1::CaptureOrderResponse> Client::CaptureOrder(const v1::CaptureOrderRequest& request,
                                                      const CallOptions& call) const {
  return Typed<v1::CaptureOrderResponse>("CaptureOrder", request, call);
}

Result<v1::VoidOrderResponse> Client::VoidOrder(const v1::VoidOrderRequest& request,
                                                const CallOptions& call) const {
  return Typed<v1::VoidOrderResponse>("VoidOrder", request, call);
}

Result<v1::RefundOrderResponse> Client::RefundOrder(const v1::RefundOrderRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::RefundOrderResponse>("RefundOrder", request, call);
}

Result<v1::CancelRefundResponse> Client::CancelRefund(const v1::CancelRefundRequest& request,
                                                      const CallOptions& call) const {
  return Typed<v1::CancelRefundResponse>("CancelRefund", request, call);
}

Result<v1::UpdateOrderResponse> Client::UpdateOrder(const v1::UpdateOrderRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::UpdateOrderResponse>("UpdateOrder", request, call);
}

Result<v1::UpdateTokenResponse> Client::UpdateToken(const v1::UpdateTokenRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::UpdateTokenResponse>("UpdateToken", request, call);
}

Result<v1::DeleteTokenResponse> Client::DeleteToken(const v1::DeleteTokenRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::DeleteTokenResponse>("DeleteToken", request, call);
}

Result<v1::HandleNotificationResponse> Client::HandleNotification(
    const v1::HandleNotificationRequest& request, const CallOptions& call) const {
  return Typed<v1::HandleNotificationResponse>("HandleNotification", request, call);
}

Result<v1::GetOrderResponse> Client::GetOrder(const v1::GetOrderRequest& request,
                                              const CallOptions& call) const {
  return Typed<v1::GetOrderResponse>("GetOrder", request, call);
}

Result<v1::ListTokensResponse> Client::ListTokens(const v1::ListTokensRequest& request,
                                                  const CallOptions& call) const {
  return Typed<v1::ListTokensResponse>("ListTokens", request, call);
}

Result<v1::GetTokenResponse> Client::GetToken(const v1::GetTokenRequest& request,
                                              const CallOptions& call) const {
  return Typed<v1::GetTokenResponse>("GetToken", request, call);
}

Result<v1::ListPaymentMethodsResponse> Client::ListPaymentMethods(
    const v1::ListPaymentMethodsRequest& request, const CallOptions& call) const {
  return Typed<v1::ListPaymentMethodsResponse>("ListPaymentMethods", request, call);
}

Result<v1::GetPaymentMethodResponse> Client::GetPaymentMethod(
    const v1::GetPaymentMethodRequest& request, const CallOptions& call) const {
  return Typed<v1::GetPaymentMethodResponse>("GetPaymentMethod", request, call);
}

Result<v1::ListGatewaysResponse> Client::ListGateways(const v1::ListGatewaysRequest& request,
                                                      const CallOptions& call) const {
  return Typed<v1::ListGatewaysResponse>("ListGateways", request, call);
}

Result<v1::GetGatewayResponse> Client::GetGateway(const v1::GetGatewayRequest& request,
                                                  const CallOptions& call) const {
  return Typed<v1::GetGatewayResponse>("GetGateway", request, call);
}

Result<v1::ListTransactionsResponse> Client::ListTransactions(
    const v1::ListTransactionsRequest& request, const CallOptions& call) const {
  return Typed<v1::ListTransactionsResponse>("ListTransactions", request, call);
}

Result<v1::GetTransactionResponse> Client::GetTransaction(const v1::GetTransactionRequest& request,
                                                          const CallOptions& call) const {
  return Typed<v1::GetTransactionResponse>("GetTransaction", request, call);
}

Result<v1::HoldOrderResponse> Client::HoldOrder(const v1::HoldOrderRequest& request,
                                                const CallOptions& call) const {
  return Typed<v1::HoldOrderResponse>("HoldOrder", request, call);
}

Result<v1::ExtendOrderResponse> Client::ExtendOrder(const v1::ExtendOrderRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::ExtendOrderResponse>("ExtendOrder", request, call);
}

Result<v1::AddOrderFileResponse> Client::AddOrderFile(const v1::AddOrderFileRequest& request,
                                                      const CallOptions& call) const {
  return Typed<v1::AddOrderFileResponse>("AddOrderFile", request, call);
}

Result<v1::ListIssuersResponse> Client::ListIssuers(const v1::ListIssuersRequest& request,
                                                    const CallOptions& call) const {
  return Typed<v1::ListIssuersResponse>("ListIssuers", request, call);
}

Result<v1::CreateApiTokenResponse> Client::CreateApiToken(const v1::CreateApiTokenRequest& request,
                                                          const CallOptions& call) const {
  return Typed<v1::CreateApiTokenResponse>("CreateApiToken", request, call);
}

Result<v1::CreateApplePaySessionResponse> Client::CreateApplePaySession(
    const v1::CreateApplePaySessionRequest& request, const CallOptions& call) const {
  return Typed<v1::CreateApplePaySessionResponse>("CreateApplePaySession", request, call);
}

Result<v1::ListTerminalsResponse> Client::ListTerminals(const v1::ListTerminalsRequest& request,
                                                        const CallOptions& call) const {
  return Typed<v1::ListTerminalsResponse>("ListTerminals", request, call);
}

Result<v1::ListGroupTerminalsResponse> Client::ListGroupTerminals(
    const v1::ListGroupTerminalsRequest& request, const CallOptions& call) const {
  return Typed<v1::ListGroupTerminalsResponse>("ListGroupTerminals", request, call);
}

Result<v1::GetReceiptResponse> Client::GetReceipt(const v1::GetReceiptRequest& request,
                                                  const CallOptions& call) const {
  return Typed<v1::GetReceiptResponse>("GetReceipt", request, call);
}

Result<v1::GetAccountResponse> Client::GetAccount(const v1::GetAccountRequest& request,
                                                  const CallOptions& call) const {
  return Typed<v1::GetAccountResponse>("GetAccount", request, call);
}

Result<v1::ListClosingBalancesResponse> Client::ListClosingBalances(
    const v1::ListClosingBalancesRequest& request, const CallOptions& call) const {
  return Typed<v1::ListClosingBalancesResponse>("ListClosingBalances", request, call);
}

Result<v1::ListCategoriesResponse> Client::ListCategories(const v1::ListCategoriesRequest& request,
                                                          const CallOptions& call) const {
  return Typed<v1::ListCategoriesResponse>("ListCategories", request, call);
}

Result<grpc::health::v1::HealthCheckResponse> Client::CheckHealth(
    const grpc::health::v1::HealthCheckRequest& request, const CallOptions& call) const {
  return Typed<grpc::health::v1::HealthCheckResponse>("Check", request, call);
}

}  // namespace msp::client
