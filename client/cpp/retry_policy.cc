// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/retry_policy.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace msp::client {
namespace {

// The minimum time of an attempt: the service refuses a call that cannot complete in time.
constexpr std::int64_t kAttemptMinMs = 1'000;

std::int64_t SteadyNowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Sleep(std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

bool MayRetry(const Error& error) {
  return error.outcome == v1::OUTCOME_UNKNOWN || error.retry_after_ms.has_value();
}

}  // namespace

Result<v1::CreateOrderResponse> CreateOrderWithRetry(const Client& client,
                                                     v1::CreateOrderRequest request,
                                                     const RetryPolicy& policy) {
  const auto now_ms = policy.now_ms ? policy.now_ms : SteadyNowMs;
  const auto sleep = policy.pause ? policy.pause : Sleep;
  const std::int64_t end_ms = now_ms() + policy.budget_ms;
  std::int64_t pause_ms = policy.pause_ms;
  bool indeterminate = false;
  for (int attempt = 1;; ++attempt, pause_ms *= 2) {
    const std::int64_t left_ms = std::max(end_ms - now_ms(), kAttemptMinMs);
    CallOptions call{.timeout_ms = std::min(left_ms, client.options().write_timeout_ms)};
    Result<v1::CreateOrderResponse> result = client.CreateOrder(request, call);
    if (result.ok()) return result;
    Error& error = result.error();
    if (error.outcome == v1::OUTCOME_UNKNOWN) {
      indeterminate = true;
      request.mutable_control()->set_repeat(true);
    }
    const std::int64_t wait_ms = std::max(pause_ms, error.retry_after_ms.value_or(0));
    const bool time_left = now_ms() + wait_ms + kAttemptMinMs <= end_ms;
    if (!MayRetry(error) || attempt >= policy.attempts_max || !time_left) {
      // The last attempt was not sent, but an earlier one may have been.
      if (indeterminate && error.outcome == v1::OUTCOME_NOT_SENT)
        error.outcome = v1::OUTCOME_UNKNOWN;
      return result;
    }
    sleep(wait_ms);
  }
}

}  // namespace msp::client
