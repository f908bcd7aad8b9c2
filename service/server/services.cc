#include "service/server/services.h"

#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "multisafepay/v1/token_service.grpc.pb.h"
#include "multisafepay/v1/transaction_service.grpc.pb.h"
#include "service/server/notifications.h"
#include "service/server/unary.h"
#include "service/server/watch.h"

namespace msp::server {
namespace {

namespace v1 = multisafepay::v1;

// Methods that are not named here answer UNIMPLEMENTED by themselves.
using Order = v1::OrderService;
using UnaryOrders = Order::WithAsyncMethod_CreateOrder<
    Order::WithAsyncMethod_GetOrder<Order::WithAsyncMethod_UpdateOrder<
        Order::WithAsyncMethod_CancelOrder<Order::WithAsyncMethod_CaptureOrder<
            Order::WithAsyncMethod_VoidOrder<Order::WithAsyncMethod_RefundOrder<
                Order::WithAsyncMethod_CancelRefund<Order::Service>>>>>>>>;
// Streams by the callback API, beside the queue of the unary calls.
class Orders final : public Order::WithCallbackMethod_WatchOrder<UnaryOrders> {
 public:
  explicit Orders(const Edge* edge) : edge_(edge) {}
  grpc::ServerWriteReactor<v1::WatchOrderResponse>* WatchOrder(
      grpc::CallbackServerContext* context, const v1::WatchOrderRequest* request) override {
    if (edge_ != nullptr) return StartWatch(*edge_, *context, *request);
    return Order::WithCallbackMethod_WatchOrder<UnaryOrders>::WatchOrder(context, request);
  }

 private:
  const Edge* const edge_;
};
class Notifications final : public v1::NotificationService::CallbackService {
 public:
  explicit Notifications(const Edge* edge) : edge_(edge) {}
  grpc::ServerUnaryReactor* HandleNotification(grpc::CallbackServerContext* context,
                                               const v1::HandleNotificationRequest* request,
                                               v1::HandleNotificationResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (edge_ == nullptr) {
      reactor->Finish({grpc::StatusCode::UNIMPLEMENTED, ""});
    } else {
      server::HandleNotification(*edge_, *context, *request, *response, *reactor);
    }
    return reactor;
  }

 private:
  const Edge* const edge_;
};
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
  explicit Served(const Edge* edge) : orders(edge), notifications(edge) {}
  Orders orders;
  Notifications notifications;
  Tokens tokens;
  Methods methods;
  Transactions transactions;
};

Services::Services(const Edge* edge) : served_(std::make_unique<Served>(edge)) {}
Services::~Services() = default;

std::vector<std::string> Services::Names() {
  return {v1::OrderService::service_full_name(), v1::TokenService::service_full_name(),
          v1::PaymentMethodService::service_full_name(),
          v1::TransactionService::service_full_name(),
          v1::NotificationService::service_full_name()};
}

void Services::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&served_->orders);
  builder.RegisterService(&served_->tokens);
  builder.RegisterService(&served_->methods);
  builder.RegisterService(&served_->transactions);
  builder.RegisterService(&served_->notifications);
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
