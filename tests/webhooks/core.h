// SPDX-License-Identifier: Apache-2.0

// The order watch registry on a clock of its own, with a watcher that records what it receives.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "service/webhooks/order_watch_registry.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {

namespace v1 = multisafepay::v1;

// Stops watching at its end.
class RecordingWatcher final : public Watcher {
 public:
  ~RecordingWatcher() {
    if (registry != nullptr) registry->Leave(this);
  }
  void SendState(const OrderState& state, Cause cause) override {
    received.push_back(v1::PaymentState_Name(state.order->payment_state()).substr(14) + "/" +
                       v1::WatchOrderResponse::Cause_Name(cause).substr(6));
    last_sent = LastSentOf(state);
  }
  void SendHeartbeat() override { ++beats; }
  void End(std::optional<payments::Failure> failure) override {
    ended = failure ? failure->reason.empty() ? "failed" : failure->reason : "end";
    received.push_back(ended);
  }

  std::vector<std::string> received;  // "PAID/LOOKUP", and `ended` at the end.
  std::optional<LastSent> last_sent;
  std::string ended;  // "end", or the failure's reason.
  int beats = 0;
  OrderWatchRegistry* registry = nullptr;  // Set by Core::Watch.
};

class Core : public ::testing::Test {
 protected:
  explicit Core(OrderWatchOptions options = {.watchers_max = 3,
                                             .poll_first_ms = 5'000,
                                             .poll_max_ms = 40'000,
                                             .quiet_ms = 5'000})
      : registry(
            options,
            [this](const std::string&, const std::string& order_id,
                   OrderWatchRegistry::FetchDone done) {
              ++fetches;
              read_id = order_id;
              if (hold) return waiting.push_back(std::move(done));
              std::move(done)(Answer());
            },
            counters, [this] { return now; }) {}

  OrderWatchRegistry::FetchResult Answer() const {
    if (!record) {
      return {.order = {}, .failure = {.code = absl::StatusCode::kNotFound, .reason = "MSP_1006"}};
    }
    return {.order = *record, .failure = {}};
  }
  // Lets time pass, in small steps.
  void Pass(OrderWatchRegistry::Clock::duration time) {
    const OrderWatchRegistry::Time until = now + time;
    while (now < until) {
      now = std::min(until, now + std::chrono::milliseconds(100));
      registry.RunExpired();
    }
  }
  void Watch(RecordingWatcher& recorder, bool follow = false, std::int64_t heartbeat_ms = 0,
             std::optional<LastSent> last_sent = {}, const std::string& order_id = "o-1") {
    recorder.registry = &registry;
    ASSERT_FALSE(registry.Watch({.site = "shop",
                                 .order_id = order_id,
                                 .follow = follow,
                                 .last_sent = std::move(last_sent),
                                 .heartbeat_ms = heartbeat_ms},
                                &recorder));
    registry.RunExpired();
  }
  void ReceiveNotification(v1::Order order) {
    registry.OnNotification("shop", StateOf(std::move(order), 0));
  }
  void Return() {
    OrderWatchRegistry::FetchDone done = std::move(waiting.front());
    waiting.pop_front();
    std::move(done)(Answer());
  }

  OrderWatchRegistry::Time now = OrderWatchRegistry::Clock::now();
  Counters counters;
  std::optional<v1::Order> record = OrderOf("initialized", "initialized", 1);
  bool hold = false;
  std::deque<OrderWatchRegistry::FetchDone> waiting;
  int fetches = 0;
  std::string read_id;  // By which the order was read last.
  OrderWatchRegistry registry;
  RecordingWatcher watcher;
};

}  // namespace msp::webhooks
