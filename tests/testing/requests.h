// SPDX-License-Identifier: Apache-2.0

// Requests of tests, for programs that link the schema: from text, a card order that passes every
// check, and the members of `control`.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "google/protobuf/text_format.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::testing {

// The message in protobuf's text format; ends the program when it is none.
template <class Message>
Message FromText(const std::string& text) {
  Message message;
  if (google::protobuf::TextFormat::ParseFromString(text, &message)) return message;
  std::fprintf(stderr, "no %s: %s\n", Message::descriptor()->name().c_str(), text.c_str());
  std::abort();
}

inline multisafepay::v1::CreateOrderRequest CardOrder(const std::string& order_id = "order-1") {
  auto order = FromText<multisafepay::v1::CreateOrderRequest>(
      "type: 'direct' currency: 'EUR' amount: 9743 gateway: 'CREDITCARD' description: 'two chairs' "
      "gateway_info { card_number: '4111111111111111' card_expiry_date: '3012' card_cvc: '123' }");
  order.set_order_id(order_id);
  return order;
}

template <class Request>
Request WithKey(Request request, const std::string& key = "key-1") {
  request.mutable_control()->set_idempotency_key(key);
  return request;
}

template <class Request>
Request AsRepeat(Request request) {
  request.mutable_control()->set_repeat(true);
  return request;
}

template <class Request>
Request WithResend(Request request) {
  request.mutable_control()->set_resend_if_absent(true);
  return request;
}

}  // namespace msp::testing
