// SPDX-License-Identifier: Apache-2.0

// The C++ client with safe defaults: every call has a deadline, gRPC retries only reads, and an
// error states the payment's outcome.
//
// Client is thread-safe; each call blocks its thread. Link `msp_client`.
//
//   auto client = msp::client::Client::Create({.channel = {.server = "127.0.0.1:50051"}});
//   auto reply = (*client)->GetOrder(request);
//   if (reply.ok()) use(reply->order()); else log(reply.error().message);
//
// For a payment use CreateOrderCertain (certain.h), which follows the caller's rule.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cpp/channel.h"
#include "client/cpp/error.h"
#include "grpc/health/v1/health.pb.h"
#include "multisafepay/v1/account_service.pb.h"
#include "multisafepay/v1/checkout_service.pb.h"
#include "multisafepay/v1/notification_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/terminal_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"

namespace msp::client {

namespace v1 = multisafepay::v1;

struct ClientOptions {
  ChannelOptions channel;
  std::string site;  // Which of the service's sites pays; empty for its default.
  // Longer than the 33 s in which the service answers every call: its outcome arrives.
  std::int64_t write_timeout_ms = 35'000;
  std::int64_t read_timeout_ms = 10'000;
  std::int64_t watch_timeout_ms = 3'600'000;  // Then resume with the last resume_token.
};

struct CallOptions {
  std::optional<std::int64_t> timeout_ms;  // Instead of the client's; at least 1.
  std::vector<std::pair<std::string, std::string>> metadata;
};

// The states of one order as they come. Used by one thread; Cancel by any.
class Watch {
 public:
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Waits for the next message; false at the stream's end.
  bool Next(v1::WatchOrderResponse& message);
  // After Next returned false: empty if the order reached a final state, else the stream's error.
  std::optional<Error> Finish();
  // Ends the stream early.
  void Cancel() { context_->TryCancel(); }

 private:
  friend class Client;
  Watch() : context_(std::make_unique<grpc::ClientContext>()) {}
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderInterface<v1::WatchOrderResponse>> reader_;
  bool finished_ = false;
};

class Client {
 public:
  // Connects with the first call. An error names the invalid setting.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  // Moves money; see the caller's rule in docs/clients.md.
  Result<v1::CreateOrderResponse> CreateOrder(const v1::CreateOrderRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::CancelOrderResponse> CancelOrder(const v1::CancelOrderRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::CaptureOrderResponse> CaptureOrder(const v1::CaptureOrderRequest& request,
                                                const CallOptions& call = {}) const;
  Result<v1::VoidOrderResponse> VoidOrder(const v1::VoidOrderRequest& request,
                                          const CallOptions& call = {}) const;
  Result<v1::RefundOrderResponse> RefundOrder(const v1::RefundOrderRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::CancelRefundResponse> CancelRefund(const v1::CancelRefundRequest& request,
                                                const CallOptions& call = {}) const;

  // Idempotent, moves no money; may be repeated.
  Result<v1::UpdateOrderResponse> UpdateOrder(const v1::UpdateOrderRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::UpdateTokenResponse> UpdateToken(const v1::UpdateTokenRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::DeleteTokenResponse> DeleteToken(const v1::DeleteTokenRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::HoldOrderResponse> HoldOrder(const v1::HoldOrderRequest& request,
                                          const CallOptions& call = {}) const;
  Result<v1::ExtendOrderResponse> ExtendOrder(const v1::ExtendOrderRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::AddOrderFileResponse> AddOrderFile(const v1::AddOrderFileRequest& request,
                                                const CallOptions& call = {}) const;
  Result<v1::CreateApplePaySessionResponse> CreateApplePaySession(
      const v1::CreateApplePaySessionRequest& request, const CallOptions& call = {}) const;
  Result<v1::HandleNotificationResponse> HandleNotification(
      const v1::HandleNotificationRequest& request, const CallOptions& call = {}) const;

  // A read; retried automatically while the service is unavailable.
  Result<v1::GetOrderResponse> GetOrder(const v1::GetOrderRequest& request,
                                        const CallOptions& call = {}) const;
  Result<v1::ListTokensResponse> ListTokens(const v1::ListTokensRequest& request,
                                            const CallOptions& call = {}) const;
  Result<v1::GetTokenResponse> GetToken(const v1::GetTokenRequest& request,
                                        const CallOptions& call = {}) const;
  Result<v1::ListPaymentMethodsResponse> ListPaymentMethods(
      const v1::ListPaymentMethodsRequest& request, const CallOptions& call = {}) const;
  Result<v1::GetPaymentMethodResponse> GetPaymentMethod(const v1::GetPaymentMethodRequest& request,
                                                        const CallOptions& call = {}) const;
  Result<v1::ListGatewaysResponse> ListGateways(const v1::ListGatewaysRequest& request,
                                                const CallOptions& call = {}) const;
  Result<v1::GetGatewayResponse> GetGateway(const v1::GetGatewayRequest& request,
                                            const CallOptions& call = {}) const;
  Result<v1::ListTransactionsResponse> ListTransactions(const v1::ListTransactionsRequest& request,
                                                        const CallOptions& call = {}) const;
  Result<v1::GetTransactionResponse> GetTransaction(const v1::GetTransactionRequest& request,
                                                    const CallOptions& call = {}) const;
  Result<v1::ListIssuersResponse> ListIssuers(const v1::ListIssuersRequest& request,
                                              const CallOptions& call = {}) const;
  Result<v1::CreateApiTokenResponse> CreateApiToken(const v1::CreateApiTokenRequest& request,
                                                    const CallOptions& call = {}) const;
  Result<v1::ListTerminalsResponse> ListTerminals(const v1::ListTerminalsRequest& request,
                                                  const CallOptions& call = {}) const;
  Result<v1::ListGroupTerminalsResponse> ListGroupTerminals(
      const v1::ListGroupTerminalsRequest& request, const CallOptions& call = {}) const;
  Result<v1::GetReceiptResponse> GetReceipt(const v1::GetReceiptRequest& request,
                                            const CallOptions& call = {}) const;
  Result<v1::GetAccountResponse> GetAccount(const v1::GetAccountRequest& request,
                                            const CallOptions& call = {}) const;
  Result<v1::ListClosingBalancesResponse> ListClosingBalances(
      const v1::ListClosingBalancesRequest& request, const CallOptions& call = {}) const;
  Result<v1::ListCategoriesResponse> ListCategories(const v1::ListCategoriesRequest& request,
                                                    const CallOptions& call = {}) const;
  Result<grpc::health::v1::HealthCheckResponse> CheckHealth(
      const grpc::health::v1::HealthCheckRequest& request = {}, const CallOptions& call = {}) const;

  std::unique_ptr<Watch> WatchOrder(const v1::WatchOrderRequest& request,
                                    const CallOptions& call = {}) const;

  // Calls any unary method of the schema by its descriptor, for generic programs. Fills `response`,
  // or returns the error.
  std::optional<Error> Call(const google::protobuf::MethodDescriptor& method,
                            const google::protobuf::Message& request,
                            google::protobuf::Message& response,
                            const CallOptions& call = {}) const;

  const ClientOptions& options() const { return options_; }

 private:
  Client(ClientOptions options, Channels channels)
      : options_(std::move(options)), channels_(std::move(channels)) {}

  template <class Response, class Request>
  Result<Response> Typed(const char* method, const Request& request, const CallOptions& call) const;
  void Prepare(grpc::ClientContext& context, const CallOptions& call,
               std::int64_t timeout_ms) const;

  const ClientOptions options_;
  const Channels channels_;
};

}  // namespace msp::client
