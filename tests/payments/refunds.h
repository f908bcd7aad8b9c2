// SPDX-License-Identifier: Apache-2.0

// What the tests of refunds share: requests, and orders with refunds as MultiSafepay's record shows
// them.
#pragma once

#include <string>

#include "tests/payments/payment_call_fixture.h"

namespace msp::payments {

using Refund = Caller<v1::RefundOrderRequest, v1::RefundOrderResponse>;

inline v1::RefundOrderRequest Plain(std::int64_t amount = 500) {
  v1::RefundOrderRequest refund;
  refund.set_order_id("order-1");
  refund.set_amount(amount);
  refund.set_currency("EUR");
  return refund;
}

inline v1::RefundOrderRequest Keyed(std::int64_t amount = 500, const std::string& key = kKey) {
  return WithKey(Plain(amount), key);
}

inline v1::RefundOrderRequest Full() {
  v1::RefundOrderRequest refund = Keyed();
  refund.mutable_full();
  refund.clear_currency();
  return refund;
}

inline v1::RefundOrderRequest WithId(const std::string& id) {
  v1::RefundOrderRequest refund = Plain();
  refund.set_refund_order_id(id);
  return refund;
}

inline std::string IdOf(const std::string& key) { return DerivedId("refund-", "order-1", key); }

inline std::string PlainKey(std::int64_t amount = 500) {
  return KeyOf("RefundOrder", Plain(amount));
}

inline std::string Related(const std::string& refund_order_id, std::int64_t amount = 500,
                           const std::string& id = "91", const std::string& status = "reserved") {
  return R"({"type":"refund","transaction_id":)" + id + R"(,"amount":)" + std::to_string(amount) +
         R"(,"currency":"EUR","status":")" + status + R"(","order_id":")" +
         (refund_order_id.empty() ? "order-1" : refund_order_id) + R"(")" +
         (refund_order_id.empty() ? "" : R"(,"refund_order_id":")" + refund_order_id + R"(")") +
         "}";
}

inline http::Response Order(const std::string& related = "", const std::string& more = "") {
  return OrderJson{.more = more, .related = "[" + related + "]"};
}

// A refund read by MultiSafepay's own id.
inline http::Response RefundRead(const std::string& order_id, const std::string& id = "91") {
  return Success(R"({"order_id":")" + order_id + R"(","transaction_id":)" + id +
                 R"(,"amount":500,"currency":"EUR","status":"reserved"})");
}

inline http::Response Refunded() {
  return Success(R"({"transaction_id":4010000000000001,"refund_id":91})");
}

}  // namespace msp::payments
