// SPDX-License-Identifier: Apache-2.0

// Deprecated names of what is in retry_policy.h.
#pragma once

#include <utility>

#include "client/cpp/retry_policy.h"

namespace msp::client {

using CertainOptions [[deprecated("use RetryPolicy")]] = RetryPolicy;

[[deprecated("use CreateOrderWithRetry")]] inline Result<v1::CreateOrderResponse>
CreateOrderCertain(const Client& client, v1::CreateOrderRequest request,
                   const RetryPolicy& policy = {}) {
  return CreateOrderWithRetry(client, std::move(request), policy);
}

}  // namespace msp::client
