#include "service/server/services.h"

#include "multisafepay/v1/order_service.grpc.pb.h"
#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "multisafepay/v1/token_service.grpc.pb.h"
#include "multisafepay/v1/transaction_service.grpc.pb.h"
#include "service/server/unary.h"

namespace msp::server {
namespace {

namespace v1 = multisafepay::v1;

// Methods that are not named here answer UNIMPLEMENTED by themselves.
using Order = v1::OrderService;
using Orders = Order::WithAsyncMethod_CreateOrder<
    Order::WithAsyncMethod_GetOrder<Order::WithAsyncMethod_UpdateOrder<
        Order::WithAsyncMethod_CancelOrder<Order::WithAsyncMethod_CaptureOrder<
            Order::WithAsyncMethod_VoidOrder<Order::WithAsyncMethod_RefundOrder<
                Order::WithAsyncMethod_CancelRefund<Order::Service>>>>>>>>;
using Tokens = v1::TokenService::AsyncService;
using Methods = v1::PaymentMethodService::AsyncService;
using Transactions = v1::TransactionService::AsyncService;

// Waits for calls of one method.
template <class Service, class Base, class Request, class Response>
void Serve(Service& service,
           void (Base::*arm)(grpc::ServerContext*, Request*,
                             grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                             grpc::ServerCompletionQueue*, void*),
           std::string_view name, grpc::ServerCompletionQueue& queue,
           const psp::Operations& operations, Calls& calls) {
  Unary<Service, Request, Response>::Wait(service, arm, queue, operations.Find(name), calls);
}

}  // namespace

struct Services::Served {
  Orders orders;
  Tokens tokens;
  Methods methods;
  Transactions transactions;
};

Services::Services() : served_(std::make_unique<Served>()) {}
Services::~Services() = default;

std::vector<std::string> Services::Names() {
  return {v1::OrderService::service_full_name(), v1::TokenService::service_full_name(),
          v1::PaymentMethodService::service_full_name(),
          v1::TransactionService::service_full_name()};
}

void Services::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&served_->orders);
  builder.RegisterService(&served_->tokens);
  builder.RegisterService(&served_->methods);
  builder.RegisterService(&served_->transactions);
}

void Services::Wait(grpc::ServerCompletionQueue& queue, const psp::Operations& operations,
                    Calls& calls) {
  const auto serve = [&](auto& service, auto arm, std::string_view name) {
    Serve(service, arm, name, queue, operations, calls);
  };
  Orders& orders = served_->orders;
  serve(orders, &Orders::RequestCreateOrder, "CreateOrder");
  serve(orders, &Orders::RequestGetOrder, "GetOrder");
  serve(orders, &Orders::RequestUpdateOrder, "UpdateOrder");
  serve(orders, &Orders::RequestCancelOrder, "CancelOrder");
  serve(orders, &Orders::RequestCaptureOrder, "CaptureOrder");
  serve(orders, &Orders::RequestVoidOrder, "VoidOrder");
  serve(orders, &Orders::RequestRefundOrder, "RefundOrder");
  serve(orders, &Orders::RequestCancelRefund, "CancelRefund");
  Tokens& tokens = served_->tokens;
  serve(tokens, &Tokens::RequestListTokens, "ListTokens");
  serve(tokens, &Tokens::RequestGetToken, "GetToken");
  serve(tokens, &Tokens::RequestUpdateToken, "UpdateToken");
  serve(tokens, &Tokens::RequestDeleteToken, "DeleteToken");
  Methods& methods = served_->methods;
  serve(methods, &Methods::RequestListPaymentMethods, "ListPaymentMethods");
  serve(methods, &Methods::RequestGetPaymentMethod, "GetPaymentMethod");
  serve(methods, &Methods::RequestListGateways, "ListGateways");
  serve(methods, &Methods::RequestGetGateway, "GetGateway");
  Transactions& transactions = served_->transactions;
  serve(transactions, &Transactions::RequestListTransactions, "ListTransactions");
  serve(transactions, &Transactions::RequestGetTransaction, "GetTransaction");
}

}  // namespace msp::server
