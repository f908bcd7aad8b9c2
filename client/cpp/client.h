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
// For a call that moves money use the function of retry_policy.h, CreateOrderWithRetry and the
// like, which follows the retry policy.
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

// For calls that move money see the retry policy in docs/clients.md. Calls that only read are
// retried by gRPC while the service is unavailable.
class Client {
 public:
  // Connects with the first call. An error names the invalid setting.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  // Written by ./run derive: methods.

  // Reads the ids behind the API key: a cheap test of the key.
  Result<v1::GetAccountResponse> GetAccount(const v1::GetAccountRequest& request,
                                            const CallOptions& call = {}) const {
    return Typed<v1::GetAccountResponse>(request, call);
  }

  // Lists the account's balances at the end of each day.
  Result<v1::ListClosingBalancesResponse> ListClosingBalances(
      const v1::ListClosingBalancesRequest& request, const CallOptions& call = {}) const {
    return Typed<v1::ListClosingBalancesResponse>(request, call);
  }

  // Lists the business categories of shops.
  Result<v1::ListCategoriesResponse> ListCategories(const v1::ListCategoriesRequest& request,
                                                    const CallOptions& call = {}) const {
    return Typed<v1::ListCategoriesResponse>(request, call);
  }

  // Creates a token for the payment component in the browser. Valid for one order and 600 seconds.
  Result<v1::CreateApiTokenResponse> CreateApiToken(const v1::CreateApiTokenRequest& request,
                                                    const CallOptions& call = {}) const {
    return Typed<v1::CreateApiTokenResponse>(request, call);
  }

  // Creates a session for the Apple Pay button: the browser provides the validation address,
  // MultiSafepay calls it.
  Result<v1::CreateApplePaySessionResponse> CreateApplePaySession(
      const v1::CreateApplePaySessionRequest& request, const CallOptions& call = {}) const {
    return Typed<v1::CreateApplePaySessionResponse>(request, call);
  }

  // Verifies the signature of a notification and returns its order. UNAUTHENTICATED if the
  // signature or its time is invalid; then answer the HTTP request with an error.
  Result<v1::HandleNotificationResponse> HandleNotification(
      const v1::HandleNotificationRequest& request, const CallOptions& call = {}) const {
    return Typed<v1::HandleNotificationResponse>(request, call);
  }

  // Creates an order: charges a card directly, or makes a payment page or link. Moves money. OK
  // means that MultiSafepay has the order; a decline is OK too, with PAYMENT_STATE_DECLINED.
  Result<v1::CreateOrderResponse> CreateOrder(const v1::CreateOrderRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::CreateOrderResponse>(request, call);
  }

  // Reads an order.
  Result<v1::GetOrderResponse> GetOrder(const v1::GetOrderRequest& request,
                                        const CallOptions& call = {}) const {
    return Typed<v1::GetOrderResponse>(request, call);
  }

  // Changes an order without moving money: shipment, invoice, a longer lifetime, a new id.
  Result<v1::UpdateOrderResponse> UpdateOrder(const v1::UpdateOrderRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::UpdateOrderResponse>(request, call);
  }

  // Cancels an order that is not paid yet. Counts as moving money: CONFIRMED only when the order,
  // read afterwards, is cancelled or void.
  Result<v1::CancelOrderResponse> CancelOrder(const v1::CancelOrderRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::CancelOrderResponse>(request, call);
  }

  // Captures an authorized amount or a part of it. Moves money: without a conclusive answer the
  // outcome is UNKNOWN.
  Result<v1::CaptureOrderResponse> CaptureOrder(const v1::CaptureOrderRequest& request,
                                                const CallOptions& call = {}) const {
    return Typed<v1::CaptureOrderResponse>(request, call);
  }

  // Voids an authorization, or what is left of it after partial captures. Counts as moving money:
  // without a conclusive answer the outcome is UNKNOWN.
  Result<v1::VoidOrderResponse> VoidOrder(const v1::VoidOrderRequest& request,
                                          const CallOptions& call = {}) const {
    return Typed<v1::VoidOrderResponse>(request, call);
  }

  // Refunds collected money, a part or all of what is left. Moves money: without a conclusive
  // answer the outcome is UNKNOWN. Two equal partial refunds need a key or refund_order_id each.
  Result<v1::RefundOrderResponse> RefundOrder(const v1::RefundOrderRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::RefundOrderResponse>(request, call);
  }

  // Cancels a refund that is still reserved, until midnight of its day. Counts as moving money:
  // without a conclusive answer the outcome is UNKNOWN.
  Result<v1::CancelRefundResponse> CancelRefund(const v1::CancelRefundRequest& request,
                                                const CallOptions& call = {}) const {
    return Typed<v1::CancelRefundResponse>(request, call);
  }

  // Stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money.
  Result<v1::HoldOrderResponse> HoldOrder(const v1::HoldOrderRequest& request,
                                          const CallOptions& call = {}) const {
    return Typed<v1::HoldOrderResponse>(request, call);
  }

  // Extends the days before an unshipped Pay After Delivery order expires. Moves no money.
  Result<v1::ExtendOrderResponse> ExtendOrder(const v1::ExtendOrderRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::ExtendOrderResponse>(request, call);
  }

  // Submits a document as evidence against a chargeback of the order. A repeat submits it twice.
  Result<v1::AddOrderFileResponse> AddOrderFile(const v1::AddOrderFileRequest& request,
                                                const CallOptions& call = {}) const {
    return Typed<v1::AddOrderFileResponse>(request, call);
  }

  // Lists the site's payment methods.
  Result<v1::ListPaymentMethodsResponse> ListPaymentMethods(
      const v1::ListPaymentMethodsRequest& request, const CallOptions& call = {}) const {
    return Typed<v1::ListPaymentMethodsResponse>(request, call);
  }

  // Reads one payment method.
  Result<v1::GetPaymentMethodResponse> GetPaymentMethod(const v1::GetPaymentMethodRequest& request,
                                                        const CallOptions& call = {}) const {
    return Typed<v1::GetPaymentMethodResponse>(request, call);
  }

  // Lists the site's gateways. CREDITCARD is never among them.
  Result<v1::ListGatewaysResponse> ListGateways(const v1::ListGatewaysRequest& request,
                                                const CallOptions& call = {}) const {
    return Typed<v1::ListGatewaysResponse>(request, call);
  }

  // Reads one gateway.
  Result<v1::GetGatewayResponse> GetGateway(const v1::GetGatewayRequest& request,
                                            const CallOptions& call = {}) const {
    return Typed<v1::GetGatewayResponse>(request, call);
  }

  // Lists the banks that a customer of this gateway chooses from.
  Result<v1::ListIssuersResponse> ListIssuers(const v1::ListIssuersRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::ListIssuersResponse>(request, call);
  }

  // Lists the account's terminals.
  Result<v1::ListTerminalsResponse> ListTerminals(const v1::ListTerminalsRequest& request,
                                                  const CallOptions& call = {}) const {
    return Typed<v1::ListTerminalsResponse>(request, call);
  }

  // Lists the terminals of one group.
  Result<v1::ListGroupTerminalsResponse> ListGroupTerminals(
      const v1::ListGroupTerminalsRequest& request, const CallOptions& call = {}) const {
    return Typed<v1::ListGroupTerminalsResponse>(request, call);
  }

  // Reads the receipt of an order that was paid at a terminal.
  Result<v1::GetReceiptResponse> GetReceipt(const v1::GetReceiptRequest& request,
                                            const CallOptions& call = {}) const {
    return Typed<v1::GetReceiptResponse>(request, call);
  }

  // Lists a customer's stored cards. A customer without stored cards gives an empty list, not an
  // error.
  Result<v1::ListTokensResponse> ListTokens(const v1::ListTokensRequest& request,
                                            const CallOptions& call = {}) const {
    return Typed<v1::ListTokensResponse>(request, call);
  }

  // Reads one stored card.
  Result<v1::GetTokenResponse> GetToken(const v1::GetTokenRequest& request,
                                        const CallOptions& call = {}) const {
    return Typed<v1::GetTokenResponse>(request, call);
  }

  // Changes the expiry date of a stored card, if the issuer has extended it.
  Result<v1::UpdateTokenResponse> UpdateToken(const v1::UpdateTokenRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::UpdateTokenResponse>(request, call);
  }

  // Removes a stored card permanently. A repeat after success gives NOT_FOUND.
  Result<v1::DeleteTokenResponse> DeleteToken(const v1::DeleteTokenRequest& request,
                                              const CallOptions& call = {}) const {
    return Typed<v1::DeleteTokenResponse>(request, call);
  }

  // Lists transactions, the newest first.
  Result<v1::ListTransactionsResponse> ListTransactions(const v1::ListTransactionsRequest& request,
                                                        const CallOptions& call = {}) const {
    return Typed<v1::ListTransactionsResponse>(request, call);
  }

  // Reads one transaction by MultiSafepay's id.
  Result<v1::GetTransactionResponse> GetTransaction(const v1::GetTransactionRequest& request,
                                                    const CallOptions& call = {}) const {
    return Typed<v1::GetTransactionResponse>(request, call);
  }

  // End of what ./run derive writes.

  Result<grpc::health::v1::HealthCheckResponse> CheckHealth(
      const grpc::health::v1::HealthCheckRequest& request = {},
      const CallOptions& call = {}) const {
    return Typed<grpc::health::v1::HealthCheckResponse>(request, call);
  }

  std::unique_ptr<Watch> WatchOrder(const v1::WatchOrderRequest& request,
                                    const CallOptions& call = {}) const;

  // Calls any unary method of the schema by its descriptor, for generic programs. Fills `response`,
  // or returns the error.
  std::optional<Error> Call(const google::protobuf::MethodDescriptor& method,
                            const google::protobuf::Message& request,
                            google::protobuf::Message& response,
                            const CallOptions& call = {}) const;

  // The unary method that takes a message of this type; each has a request of its own.
  static const google::protobuf::MethodDescriptor& MethodOf(
      const google::protobuf::Descriptor& request);

  const ClientOptions& options() const { return options_; }

 private:
  Client(ClientOptions options, Channels channels)
      : options_(std::move(options)), channels_(std::move(channels)) {}

  template <class Response, class Request>
  Result<Response> Typed(const Request& request, const CallOptions& call) const {
    Response response;
    std::optional<Error> error = Call(MethodOf(*Request::descriptor()), request, response, call);
    if (error) return *std::move(error);
    return response;
  }
  void Prepare(grpc::ClientContext& context, const CallOptions& call,
               std::int64_t timeout_ms) const;

  const ClientOptions options_;
  const Channels channels_;
};

}  // namespace msp::client
