// SPDX-License-Identifier: Apache-2.0

// Watches an order to its end over several WatchOrder streams: when the service is unavailable, the
// next stream resumes from the last token. Blocks its caller's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/cpp/client.h"
#include "multisafepay/v1/order_service.pb.h"

namespace msp::cli {

struct FollowOptions {
  // All streams and pauses together; the client's watch_timeout_ms when absent.
  std::optional<std::int64_t> timeout_ms;
  // Instead of a sleep, for tests.
  std::function<void(std::int64_t ms)> pause;
  // Each state, not the heartbeats; false ends it.
  std::function<bool(const multisafepay::v1::WatchOrderResponse&)> on_state;
  // A line for people: a lost stream, and when the next one is tried.
  std::function<void(const std::string&)> on_note;
};

struct Followed {
  enum class End : std::uint8_t { kFinal, kTimeout, kStopped, kError };
  End end = End::kFinal;
  std::optional<client::Error> error;  // Of kError.
  // The last state; none when no message came.
  std::optional<multisafepay::v1::Order> order;
  std::string resume_token;
};

Followed FollowOrder(const client::Client& client, multisafepay::v1::WatchOrderRequest request,
                     const FollowOptions& options);

// The exit code of a payment that is in this state and followed no further.
int ExitOf(multisafepay::v1::PaymentState state);

// A state as a line for people, without its end: "10:21:07Z PAID 12.34 EUR (notification)".
std::string StateLine(const multisafepay::v1::WatchOrderResponse& message);

// "PAID".
std::string NameOf(multisafepay::v1::PaymentState state);

}  // namespace msp::cli
