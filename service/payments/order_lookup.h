// SPDX-License-Identifier: Apache-2.0

// How a payment call reads MultiSafepay's record: the order, and where the order alone does not
// tell, the related transactions that may be the call's own. Part of one PaymentCall.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "multisafepay/v1/order_service.pb.h"
#include "service/base/task.h"
#include "service/payments/api.h"
#include "service/payments/policy.h"
#include "service/payments/rest_call.h"

namespace msp::payments {

// What a look-up brought: an order, none, or nothing that can be used. What was read is overwritten
// at the end.
struct OrderLookup {
  OrderLookup() = default;
  ~OrderLookup() { Clear(); }
  OrderLookup(const OrderLookup&) = delete;
  OrderLookup& operator=(const OrderLookup&) = delete;
  void Clear();

  CallOutcome outcome = CallOutcome::kIndeterminate;
  bool absent = false;  // MultiSafepay's own word that it knows no such order.
  multisafepay::v1::GetOrderRequest request;
  multisafepay::v1::GetOrderResponse response;
  const codec::MessageSchema* response_plan = nullptr;  // Null until something is read.
  std::vector<codec::Drift> drift;
  std::vector<std::string_view> numbers;
  std::int64_t date_s = -1;  // MultiSafepay's clock when it answered, Unix seconds; -1 for unknown.
  Failure failure;           // Where there is no order.

  const multisafepay::v1::Order* order() const {
    return outcome == CallOutcome::kSuccess ? &response.order() : nullptr;
  }
  bool conclusive() const { return outcome == CallOutcome::kSuccess || absent; }
  // Another look-up may bring what this one did not.
  bool worth_repeating() const {
    return outcome == CallOutcome::kIndeterminate || outcome == CallOutcome::kNotSent ||
           failure.is_rate_limit();
  }
};

// When a payment call looks at its order: at growing intervals, and when the record has settled.
class LookUpTimes {
 public:
  using TimePoint = http::Clock::time_point;

  struct Kind {
    bool unsent = false;  // The call may still be sent: half the time left stays for that.
    bool unseen = false;  // It takes twice the settle time to be certain.
  };
  // From now on.
  LookUpTimes(const ApiOptions& options, TimePoint last_moment, Kind kind);

  TimePoint last_moment() const { return last_moment_; }
  Settled SettledBy(TimePoint when) const {
    return {.enough = when >= settled_at_, .certain = when >= certain_at_};
  }
  // After a look-up that failed so, or did not; nothing when the time is up.
  std::optional<TimePoint> Next(TimePoint now, const Failure& failure);

 private:
  const TimePoint last_moment_;
  TimePoint settled_at_;
  TimePoint certain_at_;
  TimePoint end_;
  std::chrono::milliseconds pause_;
};

class OrderLookups {
 public:
  OrderLookups(RestCall& exchange, Call& call) : rest_call_(exchange), call_(call) {}
  // Who keeps this alive while an answer is waited for. Before the first Fetch.
  void SetOwner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // Reads the call's order into `lookup`, and into `facts` when an attempt of the call can have
  // been made first and what the policy needs read beside the order; all of it before
  // `last_moment`.
  Task<void> Fetch(const OperationPolicy& policy, PaymentFacts& facts,
                   http::Clock::time_point last_moment, OrderLookup& lookup);

 private:
  Task<void> Get(std::string id, http::Clock::time_point last_moment, OrderLookup& lookup);
  void NoteDate(const OrderLookup& lookup, PaymentFacts& facts) const;

  RestCall& rest_call_;
  Call& call_;
  std::weak_ptr<void> owner_;
};

}  // namespace msp::payments
