// SPDX-License-Identifier: Apache-2.0

// The event core: which orders are watched, what is known of each, and who is told. Notifications
// come at least once and in any order; each watcher gets each state once, and in doubt the order is
// read (GET). A read may show an older state: where that is possible a second one has to confirm it
// (confirmation.h). While an order is watched it is read ever less often, once for all of its
// watchers, so that a lost notification does not matter: from poll_first_ms to poll_max_ms while it
// is open, and for watchers that follow it beyond its end rarely, up to kRareTimes poll_max_ms.
//
// Owned by main. Any thread may call; `RunExpired` is driven by a TimerThread, or by a test with a
// time of its own. One lock; looks are started outside it.
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
  // The first wait between two looks at an open order; it doubles up to the second one.
  std::int64_t poll_first_ms = 5'000;
  std::int64_t poll_max_ms = 300'000;
  // How long a stream stays open at a state that is mostly the end.
  std::int64_t quiet_ms = 5'000;
  // How long a read may lag behind.
  std::int64_t settle_ms = 4'000;
};

class OrderWatchRegistry {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Now = std::function<Time()>;
  // What a look found: an order, completed, or why not.
  struct Found {
    std::optional<multisafepay::v1::Order> order;
    payments::Failure failure;
  };
  using FetchDone = absl::AnyInvocable<void(Found) &&>;
  // Reads an order. May answer at once, or later on any thread.
  using FetchOrder =
      std::function<void(const std::string& site, const std::string& order_id, FetchDone)>;

  OrderWatchRegistry(OrderWatchOptions options, FetchOrder fetch, Counters& counters,
                     Now now = Clock::now);
  ~OrderWatchRegistry();
  OrderWatchRegistry(const OrderWatchRegistry&) = delete;
  OrderWatchRegistry& operator=(const OrderWatchRegistry&) = delete;

  // Tells `watcher` the order's state, then each change, until `Leave`. A failure when there is no
  // room, or the server is leaving: then the watcher is not known.
  std::optional<payments::Failure> Watch(const WatchRequest& ask, Watcher* watcher);
  void Leave(Watcher* watcher);

  bool Watches(const std::string& site, const std::string& order_id);

  // A notification that was verified.
  void Notify(const std::string& site, State notified);
  // Somebody says, without proof, that the order has changed. Bounded for each order and in all.
  void NotifyUnauthenticated(const std::string& site, const std::string& order_id);
  // The push source has news of an order that it follows, or may have missed some: the order is
  // read now, and once more when reads no longer lag behind, unless a change was seen meanwhile.
  // Bounded for each order: news that come to nothing make further ones wait.
  void NotifyPushed(const std::string& site, const std::string& order_id);
  // Notifications may have been missed: every watched order is read, spread over a while.
  void CatchUp();
  // Ends every stream, and each new one at once: callers go on elsewhere.
  void Drain();

  // Does what is due and says when to come again.
  Time RunExpired();
  // Called, with the lock held, whenever that time may have become an earlier one. Set before use.
  void OnDeadlineMovedEarlier(std::function<void()> wake) { wake_ = std::move(wake); }
  // Asked to follow each order while it is watched and open. Outlives every call that is made here.
  // Set before use.
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
  // The first read has told the order's own id: the subscription goes by it, or joins the one that
  // does.
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
  std::uint64_t fetches_ ABSL_GUARDED_BY(mutex_) = 0;  // Numbers looks.
  double hint_tokens_ ABSL_GUARDED_BY(mutex_);
  Time hint_filled_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::webhooks
