// SPDX-License-Identifier: Apache-2.0

// How a payment call reads MultiSafepay's record: the order and, where the order alone is not
// conclusive, the related transactions that may be the call's own. Part of one PaymentCall.
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

// The result of a lookup: an order, no order, or nothing usable. Zeroized on destruction.
struct OrderLookup {
  OrderLookup() = default;
  ~OrderLookup() { Clear(); }
  OrderLookup(const OrderLookup&) = delete;
  OrderLookup& operator=(const OrderLookup&) = delete;
  void Clear();

  CallOutcome outcome = CallOutcome::kUnknown;
  bool absent = false;  // MultiSafepay itself answered that it knows no such order.
  multisafepay::v1::GetOrderRequest request;
  multisafepay::v1::GetOrderResponse response;
  const codec::MessageSchema* response_schema = nullptr;  // Null until something is read.
  std::vector<codec::Drift> drift;
  std::vector<std::string_view> numbers;
  std::int64_t date_s = -1;  // MultiSafepay's clock, in Unix seconds; -1 when unknown.
  Failure failure;           // Where there is no order.

  const multisafepay::v1::Order* order() const {
    return outcome == CallOutcome::kConfirmed ? &response.order() : nullptr;
  }
  bool conclusive() const { return outcome == CallOutcome::kConfirmed || absent; }
  // Another lookup may succeed where this one did not.
  bool may_succeed_later() const {
    return outcome == CallOutcome::kUnknown || outcome == CallOutcome::kNotSent ||
           failure.is_rate_limit();
  }
};

// When a payment call reads its order: at growing intervals, and when the record has settled.
class LookupBackoff {
 public:
  using TimePoint = http::Clock::time_point;

  struct Kind {
    bool unsent = false;  // The call may still be sent: half the time left is reserved for that.
    bool unseen = false;  // Certainty takes twice the settle time.
  };
  // From now on.
  LookupBackoff(const ApiOptions& options, TimePoint reply_deadline, Kind kind);

  TimePoint reply_deadline() const { return reply_deadline_; }
  Settled SettledBy(TimePoint when) const {
    return {.enough = when >= settled_at_, .certain = when >= certain_at_};
  }
  // The time of the next lookup, given the failure of the last (empty for none); nothing when the
  // time is up.
  std::optional<TimePoint> Next(TimePoint now, const Failure& failure);

 private:
  const TimePoint reply_deadline_;
  TimePoint settled_at_;
  TimePoint certain_at_;
  TimePoint end_;
  std::chrono::milliseconds pause_;
};

class OrderLookups {
 public:
  OrderLookups(RestCall& rest_call, Call& call) : rest_call_(rest_call), call_(call) {}
  // The owner that keeps this alive during a wait. Set before the first Fetch.
  void SetOwner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // Reads the call's order into `lookup`. Stores in `facts` the earliest time of an attempt and the
  // transactions that the policy needs besides the order. All reads end before `reply_deadline`.
  Task<void> Fetch(const OperationPolicy& policy, PaymentFacts& facts,
                   http::Clock::time_point reply_deadline, OrderLookup& lookup);

 private:
  Task<void> Get(std::string id, http::Clock::time_point reply_deadline, OrderLookup& lookup);
  void NoteDate(const OrderLookup& lookup, PaymentFacts& facts) const;

  RestCall& rest_call_;
  Call& call_;
  std::weak_ptr<void> owner_;
};

}  // namespace msp::payments
