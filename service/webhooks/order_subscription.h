// SPDX-License-Identifier: Apache-2.0

// One watched order: the known state, its subscribers, and what changes the state. Notifications
// come at least once and in any order. Each subscriber gets each state once; where a notification
// is not conclusive the order is read (GET). A read may show an older state: where that is possible
// a second read has to confirm it (consecutive_reads.h).
//
// Part of the order watch registry, whose lock guards every call. After each call the registry
// queues the subscription by `due`, or drops it when it has no subscribers left.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "service/payments/failure.h"
#include "service/webhooks/consecutive_reads.h"
#include "service/webhooks/fetch_schedule.h"
#include "service/webhooks/order_event.h"
#include "service/webhooks/order_watch_options.h"
#include "service/webhooks/watcher.h"

namespace msp::webhooks {

class OrderSubscription;

// A watcher of an order, and what it has been sent.
struct Subscriber {
  using Time = FetchSchedule::Time;
  Watcher* watcher = nullptr;
  bool follow = false;
  std::chrono::milliseconds heartbeat{0};
  std::optional<LastSent> last_sent;
  Time joined;
  Time heartbeat_at = Time::max();

  // Set by the subscription.
  OrderSubscription* subscription = nullptr;  // Null once it has ended.
  // It has got its first state and gets each later one. Before that another replica may have sent
  // it a later state than the known one.
  bool in_step = false;
  ConsecutiveReads reads;  // Of a state that may be older than `last_sent`.
  Time quiet_until = Time::max();
  Time due = Time::max();
  std::list<Subscriber*>::iterator at;
};

class OrderSubscription {
 public:
  using Time = FetchSchedule::Time;
  using Key = std::pair<std::string, std::string>;  // Site and order id.

  OrderSubscription(Key key, const OrderWatchDependencies& dependencies);
  OrderSubscription(const OrderSubscription&) = delete;
  OrderSubscription& operator=(const OrderSubscription&) = delete;

  const Key& key() const { return key_; }
  bool empty() const { return subscribers_.empty(); }
  Subscriber& first() { return *subscribers_.front(); }
  // The earliest time at which a read, a heartbeat or a quiet stream's end is due.
  Time due() const;
  // The time by which the registry has queued the subscription.
  Time queued_for = Time::max();

  void Join(Subscriber& subscriber);
  void Remove(Subscriber& subscriber);
  void EndAll(const std::optional<payments::Failure>& failure);

  void OnNotification(OrderState notified);
  FetchSchedule& schedule() { return schedule_; }

  // Runs what is due. True when a read is to begin: it has this number.
  bool RunExpired(Time now, std::uint64_t number);
  // The first read has shown the order's own id.
  void Rename(Key own);
  void OnRead(OrderState read);
  void OnReadFailed(const payments::Failure& failure);
  // Before the subscription is dropped.
  void Unfollow();

 private:
  void ApplyNotification(OrderState notified);
  void ApplyRead(OrderState read);
  void Accept(OrderState state, Cause cause);
  void MarkCurrent(const OrderState& same);
  void SendKnown(Subscriber& subscriber, Cause cause);
  void End(Subscriber& subscriber, const std::optional<payments::Failure>& failure);
  void FollowIfOpen();
  void ScheduleNext();
  void ScheduleRefetch();
  void SchedulePoll();
  void SetDue(Subscriber& subscriber);

  Key key_;
  const OrderWatchDependencies& dependencies_;
  std::list<Subscriber*> subscribers_;
  std::set<std::pair<Time, Subscriber*>> timers_;  // By `due`.
  FetchSchedule schedule_;
  std::optional<OrderState> known_;
  Time last_seen_at_;               // When a read or a notification last showed `known_`,
  Time known_since_;                // and when it became known.
  ConsecutiveReads reads_;          // Of a state that may be older than `known_`.
  std::optional<OrderState> held_;  // The newest notification before the first read's answer.
  bool changed_in_fetch_ = false;
  bool followed_ = false;  // By the push source.
};

}  // namespace msp::webhooks
