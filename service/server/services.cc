#include "service/server/services.h"

#include "multisafepay/v1/order_service.grpc.pb.h"
#include "service/server/unary.h"

namespace msp::server {
namespace {

namespace v1 = multisafepay::v1;

// Methods that are not named here answer UNIMPLEMENTED by themselves.
template <class Base>
using OrderMethods =
    v1::OrderService::WithAsyncMethod_CreateOrder<v1::OrderService::WithAsyncMethod_GetOrder<Base>>;
using Orders = OrderMethods<v1::OrderService::Service>;

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
};

Services::Services() : served_(std::make_unique<Served>()) {}
Services::~Services() = default;

std::vector<std::string> Services::Names() { return {v1::OrderService::service_full_name()}; }

void Services::Register(grpc::ServerBuilder& builder) { builder.RegisterService(&served_->orders); }

void Services::Wait(grpc::ServerCompletionQueue& queue, const psp::Operations& operations,
                    Calls& calls) {
  Orders& orders = served_->orders;
  Serve(orders, &Orders::RequestCreateOrder, "CreateOrder", queue, operations, calls);
  Serve(orders, &Orders::RequestGetOrder, "GetOrder", queue, operations, calls);
}

}  // namespace msp::server
