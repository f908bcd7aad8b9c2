// SPDX-License-Identifier: Apache-2.0

// The calls that move money with the retry policy: the action for each outcome, so that a payment
// is made once or not at all, and the caller knows which.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "client/cpp/client.h"

namespace msp::client {

// The retry policy of a call that moves money.
struct RetryPolicy {
  std::int64_t budget_ms = 120'000;  // All attempts and pauses together.
  int attempts_max = 5;
  // Before the second attempt; doubles with each further one. A longer RetryInfo takes precedence.
  std::int64_t pause_ms = 500;
  // False: a call that finds no connection is not repeated, unless an earlier attempt may have been
  // sent. For programs for which a person waits: the address may be wrong.
  bool reconnect = true;
  // For tests: virtual time. Empty: the steady clock, and a sleep.
  std::function<std::int64_t()> now_ms;
  std::function<void(std::int64_t)> pause;
};

// Makes a call that moves money and repeats it until the answer is conclusive or the budget is
// spent.
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
// one from the request, the same each time. Resolve UNKNOWN with GetOrder, or repeat the same call:
// a refund or capture with `control.repeat` set, without it only 300 s after it was sent. Never
// use another order id.
//
// This form takes any method, for generic programs. It fills `response`, or returns the error, and
// sets `control.repeat` of `request`; a request without `control` is sent once. `timeout_ms` is of
// one attempt; the client's write_timeout_ms if absent.
std::optional<Error> CallWithRetry(const Client& client,
                                   const google::protobuf::MethodDescriptor& method,
                                   google::protobuf::Message& request,
                                   google::protobuf::Message& response,
                                   const RetryPolicy& policy = {},
                                   std::optional<std::int64_t> timeout_ms = {});

template <class Response, class Request>
Result<Response> CallWithRetry(const Client& client, Request request, const RetryPolicy& policy) {
  Response response;
  std::optional<Error> error =
      CallWithRetry(client, Client::MethodOf(*Request::descriptor()), request, response, policy);
  if (error) return *std::move(error);
  return response;
}

inline Result<v1::CreateOrderResponse> CreateOrderWithRetry(const Client& client,
                                                            v1::CreateOrderRequest request,
                                                            const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::CreateOrderResponse>(client, std::move(request), policy);
}

inline Result<v1::CancelOrderResponse> CancelOrderWithRetry(const Client& client,
                                                            v1::CancelOrderRequest request,
                                                            const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::CancelOrderResponse>(client, std::move(request), policy);
}

inline Result<v1::CaptureOrderResponse> CaptureOrderWithRetry(const Client& client,
                                                              v1::CaptureOrderRequest request,
                                                              const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::CaptureOrderResponse>(client, std::move(request), policy);
}

inline Result<v1::VoidOrderResponse> VoidOrderWithRetry(const Client& client,
                                                        v1::VoidOrderRequest request,
                                                        const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::VoidOrderResponse>(client, std::move(request), policy);
}

// Give a `refund_order_id` or an idempotency key to each of several equal refunds.
inline Result<v1::RefundOrderResponse> RefundOrderWithRetry(const Client& client,
                                                            v1::RefundOrderRequest request,
                                                            const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::RefundOrderResponse>(client, std::move(request), policy);
}

inline Result<v1::CancelRefundResponse> CancelRefundWithRetry(const Client& client,
                                                              v1::CancelRefundRequest request,
                                                              const RetryPolicy& policy = {}) {
  return CallWithRetry<v1::CancelRefundResponse>(client, std::move(request), policy);
}

}  // namespace msp::client
