// SPDX-License-Identifier: Apache-2.0

// Notifications as MultiSafepay makes them, for the tests of this component.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "multisafepay/v1/order.pb.h"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/payments/state.h"
#include "tests/testing/server_process.h"

namespace msp::webhooks {

inline std::string SignedAuth(std::string_view key, std::int64_t time_s, std::string_view body) {
  const std::string time = std::to_string(time_s);
  return Base64(time + ":" + Hex(HmacSha512(key, time + ":" + std::string(body))));
}

inline std::int64_t UnixNow() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Signed now with the key of ServerProcess.
inline std::string GenuineAuth(std::string_view body) {
  return SignedAuth(testing::kServerKey, UnixNow(), body);
}

// An order with the statuses that stand for a state, changed at that second.
inline multisafepay::v1::Order OrderOf(std::string_view status, std::string_view financial,
                                       int second, std::string_view transaction = "77",
                                       std::string_view method = "VISA") {
  multisafepay::v1::Order order;
  order.set_order_id("o-1");
  if (!transaction.empty()) order.set_transaction_id(std::string(transaction));
  order.set_status(std::string(status));
  order.set_financial_status(std::string(financial));
  order.mutable_payment_details()->set_type(std::string(method));
  order.set_amount(1'000);
  order.set_currency("EUR");
  order.set_modified("2026-06-15T12:00:" + std::string(second < 10 ? "0" : "") +
                     std::to_string(second));
  payments::CompleteOrder(order);
  return order;
}

}  // namespace msp::webhooks
