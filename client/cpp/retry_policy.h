// SPDX-License-Identifier: Apache-2.0

// CreateOrder with the retry policy of a payment: the action for each outcome, so that an order is
// charged once or not at all, and the caller knows which.
#pragma once

#include <cstdint>
#include <functional>

#include "client/cpp/client.h"

namespace msp::client {

// The retry policy of a call that moves money.
struct RetryPolicy {
  std::int64_t budget_ms = 120'000;  // All attempts and pauses together.
  int attempts_max = 5;
  // Before the second attempt; doubles with each further one. A longer RetryInfo takes precedence.
  std::int64_t pause_ms = 500;
  // For tests: virtual time. Empty: the steady clock, and a sleep.
  std::function<std::int64_t()> now_ms;
  std::function<void(std::int64_t)> pause;
};

// Creates the order and repeats the call until the answer is conclusive or the budget is spent.
//
// | outcome   | what it does                                                                      |
// |-----------|-----------------------------------------------------------------------------------|
// | CONFIRMED | returns the reply. `result.reason` NEXT_ACTION_LOST: the customer's next page was |
// |           | in a lost answer; CancelOrder, wait for its confirmation, then a new id.          |
// | REJECTED  | returns the error: the same call would be refused again. With a retry time        |
// |           | (RATE_LIMITED): sends the same call again after it.                               |
// | NOT_SENT  | sends the same call again if the service gave a retry time, or no connection      |
// |           | was made; else returns the error: the request itself is wrong.                    |
// | UNKNOWN   | sends the same call again with `control.repeat`: the service reads                |
// |           | MultiSafepay's record before it sends anything.                                   |
//
// Every attempt carries the same order id and idempotency key; without a key the service derives
// one from the request, the same each time. Resolve UNKNOWN with GetOrder, or with the same call
// again, never with another order id.
Result<v1::CreateOrderResponse> CreateOrderWithRetry(const Client& client,
                                                     v1::CreateOrderRequest request,
                                                     const RetryPolicy& policy = {});

}  // namespace msp::client
