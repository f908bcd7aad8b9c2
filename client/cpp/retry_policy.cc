// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/retry_policy.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace msp::client {
namespace {

namespace pb = google::protobuf;

// The minimum time of an attempt: the service refuses a call that cannot complete in time.
constexpr std::int64_t kAttemptMinMs = 1'000;

std::int64_t SteadyNowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Sleep(std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// Null if the method takes none: then it may not be repeated.
const pb::FieldDescriptor* ControlOf(const pb::Message& request) {
  const pb::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("control");
  const bool is_control =
      field != nullptr && field->message_type() == v1::CallControl::descriptor();
  return is_control ? field : nullptr;
}

void SetRepeat(pb::Message& request, const pb::FieldDescriptor* control) {
  pb::Message* message = request.GetReflection()->MutableMessage(&request, control);
  static_cast<v1::CallControl*>(message)->set_repeat(true);
}

bool MayRetry(const Error& error) {
  return error.outcome == v1::OUTCOME_UNKNOWN || error.retry_after_ms.has_value();
}

}  // namespace

std::optional<Error> CallWithRetry(const Client& client, const pb::MethodDescriptor& method,
                                   pb::Message& request, pb::Message& response,
                                   const RetryPolicy& policy,
                                   std::optional<std::int64_t> timeout_ms) {
  const pb::FieldDescriptor* const control = ControlOf(request);
  const auto now_ms = policy.now_ms ? policy.now_ms : SteadyNowMs;
  const auto sleep = policy.pause ? policy.pause : Sleep;
  const std::int64_t end_ms = now_ms() + policy.budget_ms;
  const std::int64_t attempt_ms = timeout_ms.value_or(client.options().write_timeout_ms);
  std::int64_t pause_ms = policy.pause_ms;
  bool indeterminate = false;
  for (int attempt = 1;; ++attempt, pause_ms *= 2) {
    const std::int64_t left_ms = std::max(end_ms - now_ms(), kAttemptMinMs);
    std::optional<Error> error =
        client.Call(method, request, response, {.timeout_ms = std::min(left_ms, attempt_ms)});
    if (!error || control == nullptr) return error;
    if (error->outcome == v1::OUTCOME_UNKNOWN) {
      indeterminate = true;
      SetRepeat(request, control);
    }
    const std::int64_t wait_ms = std::max(pause_ms, error->retry_after_ms.value_or(0));
    const bool time_left = now_ms() + wait_ms + kAttemptMinMs <= end_ms;
    const bool gives_up = !policy.reconnect && !indeterminate && error->reason == kNotConnected;
    if (!MayRetry(*error) || gives_up || attempt >= policy.attempts_max || !time_left) {
      // The last attempt was not sent, but an earlier one may have been.
      if (indeterminate && error->outcome == v1::OUTCOME_NOT_SENT)
        error->outcome = v1::OUTCOME_UNKNOWN;
      return error;
    }
    sleep(wait_ms);
  }
}

}  // namespace msp::client
