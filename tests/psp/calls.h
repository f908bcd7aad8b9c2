// What the tests of this room share: the operations' table, requests that pass every check, and
// answers as the pool hands them over.
#pragma once

#include <string>
#include <utility>

#include "multisafepay/v1/order_service.pb.h"
#include "service/http/client.h"
#include "service/psp/operation.h"

namespace msp::psp {

inline const Operations& TestOperations() {
  static const auto& operations = *new Operations();
  return operations;
}

// A direct card order with everything that is needed and little more.
inline multisafepay::v1::CreateOrderRequest DirectOrder() {
  multisafepay::v1::CreateOrderRequest order;
  order.set_type("direct");
  order.set_order_id("order-1");
  order.set_currency("EUR");
  order.set_amount(9743);
  order.set_gateway("CREDITCARD");
  order.set_description("two chairs");
  order.mutable_gateway_info()->set_card_number("4111111111111111");
  order.mutable_gateway_info()->set_card_expiry_date("3012");
  order.mutable_gateway_info()->set_card_cvc("123");
  return order;
}

inline multisafepay::v1::CreateOrderRequest RedirectOrder() {
  multisafepay::v1::CreateOrderRequest order = DirectOrder();
  order.set_type("redirect");
  order.clear_gateway();
  order.clear_gateway_info();
  return order;
}

inline http::Response Answered(int status, std::string body) {
  http::Response answer;
  answer.fate = http::Fate::kAnswered;
  answer.status = status;
  answer.body = std::move(body);
  answer.body.reserve(answer.body.size() + http::kBodyPadding);
  return answer;
}

}  // namespace msp::psp
