// SPDX-License-Identifier: Apache-2.0

// A first payment with the installed C++ client: create an order, watch it until it is paid, refund
// a part. The argument is the order's id; MSP_SERVER is the service.

#include <cstdlib>
#include <iostream>
#include <string>

#include "client/cpp/retry_policy.h"

int main(int argc, char** argv) {
  namespace v1 = multisafepay::v1;
  const char* server = std::getenv("MSP_SERVER");
  const std::string order_id = argc > 1 ? argv[1] : "first-cpp";
  auto made = msp::client::Client::Create(
      {.channel = {.server = server == nullptr ? "127.0.0.1:50051" : server}});
  if (!made.ok()) {
    std::cerr << made.status().message() << '\n';
    return 1;
  }
  const msp::client::Client& client = **made;

  v1::CreateOrderRequest order;
  order.set_type("direct");
  order.set_order_id(order_id);
  order.set_currency("EUR");
  order.set_amount(4995);
  order.set_gateway("CREDITCARD");
  order.set_description("Forty red tulips");
  auto& card = *order.mutable_gateway_info();
  card.set_card_number("4111111111111111");
  card.set_card_expiry_date("3012");
  card.set_card_cvc("123");
  const auto created = msp::client::CreateOrderWithRetry(client, order);
  if (!created.ok()) {
    std::cerr << created.error().reason << ": " << created.error().message << '\n';
    return 1;
  }
  std::cout << "created " << order_id << ": transaction " << created->order().transaction_id()
            << '\n';

  v1::WatchOrderRequest watched;
  watched.set_order_id(order_id);
  const auto watch = client.WatchOrder(watched);
  v1::WatchOrderResponse change;
  while (watch->Next(change)) {
    std::cout << "watched " << order_id << ": "
              << v1::PaymentState_Name(change.order().payment_state()) << '\n';
  }
  if (const auto error = watch->Finish()) {
    std::cerr << error->message << '\n';
    return 1;
  }

  v1::RefundOrderRequest refund;
  refund.set_order_id(order_id);
  refund.set_amount(1500);
  refund.set_currency("EUR");
  refund.set_refund_order_id(order_id + "-r1");
  const auto refunded = client.RefundOrder(refund);
  if (!refunded.ok()) {
    std::cerr << refunded.error().reason << ": " << refunded.error().message << '\n';
    return 1;
  }
  std::cout << "refunded " << refunded->refund().amount() << " of " << order_id << '\n';
  return 0;
}
