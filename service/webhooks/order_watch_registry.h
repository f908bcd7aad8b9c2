// SPDX-License-Identifier: Apache-2.0

// The watched orders and their watchers: finds the order that a watcher, a notification or an
// answer is about, and starts the reads that are due. What a watched order does is in
// OrderSubscription.
//
// Owned by main. Any thread may call. A TimerThread calls `RunExpired`, or a test with its own
// clock. One lock; reads start outside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/payments/failure.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/order_event.h"
#include "service/webhooks/order_subscription.h"
#include "service/webhooks/order_watch_options.h"
#include "service/webhooks/push_source.h"
#include "service/webhooks/watcher.h"

namespace msp::webhooks {

class OrderWatchRegistry {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Now = std::function<Time()>;
  // The result of a read: an order, completed, or a failure.
  struct FetchResult {
    std::optional<multisafepay::v1::Order> order;
    payments::Failure failure;
  };
  using FetchDone = absl::AnyInvocable<void(FetchResult) &&>;
  // Reads an order. May call back at once, or later on any thread.
  using FetchOrder =
      std::function<void(const std::string& site, const std::string& order_id, FetchDone)>;

  OrderWatchRegistry(OrderWatchOptions options, FetchOrder fetch, Counters& counters,
                     Now now = Clock::now);
  OrderWatchRegistry(const OrderWatchRegistry&) = delete;
  OrderWatchRegistry& operator=(const OrderWatchRegistry&) = delete;

  // Sends `watcher` the order's state, then each change, until `Leave`. Returns a failure, without
  // registering the watcher, at watchers_max or when the server shuts down.
  std::optional<payments::Failure> Watch(const WatchRequest& request, Watcher* watcher);
  void Leave(Watcher* watcher);

  bool Watches(const std::string& site, const std::string& order_id);

  // For a verified notification.
  void OnNotification(const std::string& site, OrderState notified);
  // For an unverified notification that the order has changed. Rate-limited for each order and in
  // total.
  void OnUnauthenticatedNotification(const std::string& site, const std::string& order_id);
  // The push source has news of an order that it follows, or may have missed some. Reads the order
  // now, and once more after the settle time unless a change was seen meanwhile. Rate-limited for
  // each order: news without a change delay further reads.
  void OnPush(const std::string& site, const std::string& order_id);
  // Notifications may have been missed: reads every watched order, spread over time.
  void CatchUp();
  // Ends every stream, and each new one at once: callers continue on another replica.
  void Drain();

  // Runs what is due. Returns when to call it again.
  Time RunExpired();
  // Called with the lock held whenever that time may have become earlier. Set before use.
  void OnDeadlineMovedEarlier(std::function<void()> wake) { wake_ = std::move(wake); }
  // The source follows each order while it is watched and open. It outlives every call here. Set
  // before use.
  void SetPushSource(PushSource* source) { dependencies_.push_source = source; }

 private:
  using Key = OrderSubscription::Key;
  // A read under way.
  struct Fetch {
    Key key;
    std::uint64_t number = 0;
  };

  OrderSubscription* Find(const std::string& site, const std::string& order_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeUnauthenticatedToken() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFetched(const Fetch& fetch, FetchResult found);
  OrderSubscription* UseOwnId(OrderSubscription& subscription, const std::string& order_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueOrDrop(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  OrderWatchDependencies dependencies_;
  const FetchOrder fetch_;
  std::function<void()> wake_;

  Mutex mutex_;
  std::map<Key, OrderSubscription> subscriptions_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<Watcher*, Subscriber> subscribers_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<Time, OrderSubscription*>> due_ ABSL_GUARDED_BY(mutex_);  // By `queued_for`.
  std::uint64_t fetches_ ABSL_GUARDED_BY(mutex_) = 0;                          // Numbers the reads.
  double unauthenticated_tokens_ ABSL_GUARDED_BY(mutex_);
  Time tokens_filled_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::webhooks
