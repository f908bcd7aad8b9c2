// SPDX-License-Identifier: Apache-2.0

// The watched orders, the known state of each, and their watchers. Notifications come at least once
// and in any order. Each watcher gets each state once; where a notification is not conclusive the
// order is read (GET). A read may show an older state: where that is possible a second read has to
// confirm it (confirmation.h). A watched order is also polled, once for all of its watchers, so
// that a lost notification does not matter: at intervals that grow from poll_first_ms to
// poll_max_ms while it is open, and up to kRareTimes poll_max_ms for watchers that follow it beyond
// its end.
//
// Owned by main. Any thread may call. A TimerThread calls `RunExpired`, or a test with its own
// clock. One lock; reads start outside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"
#include "service/payments/failure.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/order_event.h"
#include "service/webhooks/push_source.h"
#include "service/webhooks/watcher.h"

namespace msp::webhooks {

struct OrderWatchOptions {
  std::int64_t watchers_max = 10'000;
  // The first wait between two reads of an open order; it doubles up to poll_max_ms.
  std::int64_t poll_first_ms = 5'000;
  std::int64_t poll_max_ms = 300'000;
  // How long a stream stays open in a state that is likely, not certainly, final.
  std::int64_t quiet_ms = 5'000;
  // How long a read may lag behind.
  std::int64_t settle_ms = 4'000;
};

class OrderWatchRegistry {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Now = std::function<Time()>;
  // The result of a read: an order, completed, or a failure.
  struct Found {
    std::optional<multisafepay::v1::Order> order;
    payments::Failure failure;
  };
  using FetchDone = absl::AnyInvocable<void(Found) &&>;
  // Reads an order. May call back at once, or later on any thread.
  using FetchOrder =
      std::function<void(const std::string& site, const std::string& order_id, FetchDone)>;

  OrderWatchRegistry(OrderWatchOptions options, FetchOrder fetch, Counters& counters,
                     Now now = Clock::now);
  ~OrderWatchRegistry();
  OrderWatchRegistry(const OrderWatchRegistry&) = delete;
  OrderWatchRegistry& operator=(const OrderWatchRegistry&) = delete;

  // Sends `watcher` the order's state, then each change, until `Leave`. Returns a failure, without
  // registering the watcher, at watchers_max or when the server shuts down.
  std::optional<payments::Failure> Watch(const WatchRequest& ask, Watcher* watcher);
  void Leave(Watcher* watcher);

  bool Watches(const std::string& site, const std::string& order_id);

  // For a verified notification.
  void Notify(const std::string& site, State notified);
  // For an unverified notification that the order has changed. Rate-limited for each order and in
  // total.
  void NotifyUnauthenticated(const std::string& site, const std::string& order_id);
  // The push source has news of an order that it follows, or may have missed some. Reads the order
  // now, and once more after the settle time unless a change was seen meanwhile. Rate-limited for
  // each order: news without a change delay further reads.
  void NotifyPushed(const std::string& site, const std::string& order_id);
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
  void FollowBy(PushSource* pushes) { pushes_ = pushes; }

 private:
  struct Subscriber;
  struct OrderSubscription;
  using Key = std::pair<std::string, std::string>;  // Site and order id.
  using Due = std::multimap<Time, std::variant<OrderSubscription*, Subscriber*>>;
  struct PendingFetch {
    Key key;
    std::uint64_t number = 0;
  };

  OrderSubscription& SubscriptionOf(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  OrderSubscription* FindSubscription(const std::string& site, const std::string& order_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The first read has shown the order's own id: renames the subscription to it, or merges it into
  // the subscription with that id.
  OrderSubscription* UseOwnId(OrderSubscription& subscription, const std::string& order_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Join(OrderSubscription& subscription, Subscriber& subscriber)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropSubscription(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyInOrder(OrderSubscription& subscription, State notified)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Accept(OrderSubscription& subscription, State state, Cause cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Show(OrderSubscription& subscription, Subscriber& subscriber, Cause cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeliverEnd(Subscriber& subscriber, std::optional<payments::Failure> failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleFetch(OrderSubscription& subscription, FetchReason why, Time when)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleRefetch(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleAfterPush(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SchedulePoll(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetDue(OrderSubscription& subscription, Time when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetSubscriberDue(Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunSubscriber(Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool StartFetch(OrderSubscription& subscription, PendingFetch& fetch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFetched(const Key& key, std::uint64_t number, Found found);
  void FailFirst(OrderSubscription& subscription, const payments::Failure& failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(OrderSubscription& subscription, State read) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FollowIfOpen(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unfollow(OrderSubscription& subscription) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const OrderWatchOptions options_;
  const FetchOrder fetch_;
  Counters& counters_;
  const Now now_;
  std::function<void()> wake_;
  PushSource* pushes_ = nullptr;  // Null for none.

  Mutex mutex_;
  std::map<Key, std::unique_ptr<OrderSubscription>> subscriptions_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<Watcher*, std::unique_ptr<Subscriber>> subscribers_ ABSL_GUARDED_BY(mutex_);
  Due due_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t fetches_ ABSL_GUARDED_BY(mutex_) = 0;  // Numbers the reads.
  double hint_tokens_ ABSL_GUARDED_BY(mutex_);
  Time hint_filled_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::webhooks
