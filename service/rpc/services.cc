// SPDX-License-Identifier: Apache-2.0

#include "service/rpc/services.h"

#include "multisafepay/v1/account_service.grpc.pb.h"
#include "multisafepay/v1/checkout_service.grpc.pb.h"
#include "multisafepay/v1/notification_service.grpc.pb.h"
#include "multisafepay/v1/order_service.grpc.pb.h"
#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "multisafepay/v1/terminal_service.grpc.pb.h"
#include "multisafepay/v1/token_service.grpc.pb.h"
#include "multisafepay/v1/transaction_service.grpc.pb.h"
#include "service/rpc/notifications.h"
#include "service/rpc/status.h"
#include "service/rpc/watch.h"

namespace msp::rpc {
namespace {

namespace v1 = multisafepay::v1;

// Every method of these is armed below: calls of an unarmed method would wait for ever.
using Orders = v1::OrderService::AsyncService;
using Notifications = v1::NotificationService::AsyncService;
using Tokens = v1::TokenService::AsyncService;
using Methods = v1::PaymentMethodService::AsyncService;
using Transactions = v1::TransactionService::AsyncService;
using Checkout = v1::CheckoutService::AsyncService;
using Terminals = v1::TerminalService::AsyncService;
using Accounts = v1::AccountService::AsyncService;

// A call that payments::Api serves. A method is armed again when a call arrives, so that the number
// of armed methods does not bound the calls in flight.
template <class Service, class Request, class Response>
class OperationCall final : public server::UnaryCall<Request, Response> {
 public:
  // A Request... function of the generated service.
  template <class Base>
  using Method = void (Base::*)(grpc::ServerContext*, Request*,
                                grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                grpc::ServerCompletionQueue*, void*);

  template <class Base>
  OperationCall(Service& service, Method<Base> method, server::CallQueue& queue,
                const payments::Operation& operation, Calls& calls)
      : server::UnaryCall<Request, Response>(queue),
        service_(service),
        method_(method),
        calls_(calls) {
    call_.operation = &operation;
    call_.request = &this->request_;
    call_.response = &this->response_;
    if (operation.moves_money()) this->NotifyWhenDone();
    this->Wait(service_, method_);
  }

 private:
  void OnArrival() override {
    new OperationCall(service_, method_, this->queue(), *call_.operation, calls_);
    calls_.Run(this->context(), call_, [this] {
      calls_.End(this->context(), call_, [this] {
        this->Reply(call_.failure ? StatusOf(*call_.failure) : grpc::Status::OK);
      });
    });
  }
  void OnDone() override { call_.caller_gone.store(true, std::memory_order_relaxed); }
  void OnFinished(bool ok) override { calls_.OnReplySent(call_, ok); }

  Service& service_;
  const Method<Service> method_;
  Calls& calls_;
  payments::Call call_;
};

template <class Service, class Base, class Request, class Response>
void Serve(Service& service,
           void (Base::*method)(grpc::ServerContext*, Request*,
                                grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                grpc::ServerCompletionQueue*, void*),
           const payments::Operation& operation, server::CallQueue& queue, Calls& calls) {
  new OperationCall<Service, Request, Response>(service, method, queue, operation, calls);
}

}  // namespace

struct Services::Served {
  const NotificationServices* notification_services;
  Orders orders;
  Notifications notifications;
  Tokens tokens;
  Methods methods;
  Transactions transactions;
  Checkout checkout;
  Terminals terminals;
  Accounts accounts;
};

Services::Services(const payments::Operations& operations, Calls& calls,
                   const NotificationServices* notification_services)
    : operations_(operations),
      calls_(calls),
      served_(new Served{.notification_services = notification_services}) {}
Services::~Services() = default;

std::vector<std::string> Services::Names() const {
  return {
      v1::OrderService::service_full_name(),         v1::TokenService::service_full_name(),
      v1::PaymentMethodService::service_full_name(), v1::TransactionService::service_full_name(),
      v1::CheckoutService::service_full_name(),      v1::TerminalService::service_full_name(),
      v1::AccountService::service_full_name(),       v1::NotificationService::service_full_name()};
}

void Services::Register(grpc::ServerBuilder& builder) {
  builder.RegisterService(&served_->orders);
  builder.RegisterService(&served_->tokens);
  builder.RegisterService(&served_->methods);
  builder.RegisterService(&served_->transactions);
  builder.RegisterService(&served_->checkout);
  builder.RegisterService(&served_->terminals);
  builder.RegisterService(&served_->accounts);
  builder.RegisterService(&served_->notifications);
}

void Services::Serve(server::CallQueue& queue) {
  const auto serve = [&](auto& service, auto method, std::string_view name) {
    rpc::Serve(service, method, operations_.Find(name), queue, calls_);
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
  serve(orders, &Orders::RequestHoldOrder, "HoldOrder");
  serve(orders, &Orders::RequestExtendOrder, "ExtendOrder");
  serve(orders, &Orders::RequestAddOrderFile, "AddOrderFile");
  ServeWatch(orders, queue, served_->notification_services);
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
  serve(methods, &Methods::RequestListIssuers, "ListIssuers");
  Transactions& transactions = served_->transactions;
  serve(transactions, &Transactions::RequestListTransactions, "ListTransactions");
  serve(transactions, &Transactions::RequestGetTransaction, "GetTransaction");
  Checkout& checkout = served_->checkout;
  serve(checkout, &Checkout::RequestCreateApiToken, "CreateApiToken");
  serve(checkout, &Checkout::RequestCreateApplePaySession, "CreateApplePaySession");
  Terminals& terminals = served_->terminals;
  serve(terminals, &Terminals::RequestListTerminals, "ListTerminals");
  serve(terminals, &Terminals::RequestListGroupTerminals, "ListGroupTerminals");
  serve(terminals, &Terminals::RequestGetReceipt, "GetReceipt");
  Accounts& accounts = served_->accounts;
  serve(accounts, &Accounts::RequestGetAccount, "GetAccount");
  serve(accounts, &Accounts::RequestListClosingBalances, "ListClosingBalances");
  serve(accounts, &Accounts::RequestListCategories, "ListCategories");
  ServeNotifications(served_->notifications, queue, served_->notification_services);
}

}  // namespace msp::rpc
