// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_watch_registry.h"

#include <algorithm>

#include "service/base/random.h"
#include "service/webhooks/order_subscription.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;
namespace v1 = multisafepay::v1;

// Minimum time between the beginnings of two reads of one order for unverified notifications.
constexpr milliseconds kHintGap{5'000};
// Reads for unverified notifications, of all orders together: burst, and per second.
constexpr double kHintTokens = 50;
constexpr double kHintTokensPerS = 20;
// Reads per second when all orders have to be read.
constexpr std::int64_t kCatchUpPerS = 200;
constexpr std::int64_t kDrainRetryMs = 1'000;

payments::Failure Full() {
  return {.code = absl::StatusCode::kResourceExhausted,
          .message = "this server has as many watchers as it takes (--watchers_max)",
          .reason = std::string(payments::reason::kOverloaded),
          .retry_after_ms = kDrainRetryMs};
}

payments::Failure Leaving() {
  return {.code = absl::StatusCode::kUnavailable,
          .message = "this server is shutting down; watch again, with the last resume_token",
          .reason = std::string(payments::reason::kShuttingDown),
          .retry_after_ms = kDrainRetryMs};
}

payments::Failure OtherOrder() {
  constexpr char kWhy[] = "is not one that this service gave out for this order of this site";
  return {.code = absl::StatusCode::kInvalidArgument,
          .message = std::string("resume_token: ") + kWhy,
          .reason = std::string(payments::reason::kInvalidRequest),
          .violations = {{.field = "resume_token", .description = kWhy}}};
}

}  // namespace

OrderWatchRegistry::OrderWatchRegistry(OrderWatchOptions options, FetchOrder fetch,
                                       Counters& counters, Now now)
    : options_(options),
      fetch_(std::move(fetch)),
      counters_(counters),
      now_(std::move(now)),
      hint_tokens_(kHintTokens),
      hint_filled_(now_()) {}

OrderWatchRegistry::~OrderWatchRegistry() = default;

std::optional<payments::Failure> OrderWatchRegistry::Watch(const WatchRequest& ask,
                                                           Watcher* watcher) {
  MutexLock lock(mutex_);
  if (draining_) return Leaving();
  if (static_cast<std::int64_t>(subscribers_.size()) >= options_.watchers_max) {
    counters_.watchers_refused.fetch_add(1, std::memory_order_relaxed);
    return Full();
  }
  OrderSubscription& subscription = SubscriptionOf({ask.site, ask.order_id});
  auto subscriber = std::make_unique<Subscriber>();
  subscriber->watcher = watcher;
  subscriber->subscription = &subscription;
  subscriber->follow = ask.follow;
  subscriber->last_sent = ask.last_sent;
  subscriber->heartbeat = milliseconds(ask.heartbeat_ms);
  subscriber->at =
      subscription.subscribers.insert(subscription.subscribers.end(), subscriber.get());
  const Time now = now_();
  subscriber->joined = now;
  if (subscriber->heartbeat.count() > 0) subscriber->beat_at = now + subscriber->heartbeat;
  SetSubscriberDue(*subscriber);
  Subscriber& placed = *subscriber;
  subscribers_.emplace(watcher, std::move(subscriber));
  counters_.watchers.fetch_add(1, std::memory_order_relaxed);
  Join(subscription, placed);
  return std::nullopt;
}

// Sends the known state at once, also where it is no longer fresh: the read may fail.
void OrderWatchRegistry::Join(OrderSubscription& subscription, Subscriber& subscriber) {
  const Time now = now_();
  if (subscription.known) Show(subscription, subscriber, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  if (!subscription.known || !subscriber.in_step || now - subscription.known_at >= kFresh) {
    ScheduleFetch(subscription, FetchReason::kSnapshot, now);
  } else if (!subscription.queued && subscription.fetching == 0) {
    SchedulePoll(subscription);
  }
}

void OrderWatchRegistry::Leave(Watcher* watcher) {
  MutexLock lock(mutex_);
  const auto found = subscribers_.find(watcher);
  if (found == subscribers_.end()) return;
  Subscriber& subscriber = *found->second;
  if (subscriber.queued) due_.erase(subscriber.due);
  if (OrderSubscription* subscription = subscriber.subscription; subscription != nullptr) {
    subscription->subscribers.erase(subscriber.at);
    if (subscription->subscribers.empty()) DropSubscription(*subscription);
  }
  subscribers_.erase(found);
  counters_.watchers.fetch_sub(1, std::memory_order_relaxed);
}

bool OrderWatchRegistry::Watches(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  return FindSubscription(site, order_id) != nullptr;
}

void OrderWatchRegistry::Notify(const std::string& site, State notified) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = FindSubscription(site, notified.order->order_id());
  if (subscription == nullptr) return;
  if (subscription->known) return ApplyInOrder(*subscription, std::move(notified));
  if (!subscription->held || notified.modified >= subscription->held->modified)
    subscription->held = std::move(notified);
}

void OrderWatchRegistry::NotifyUnauthenticated(const std::string& site,
                                               const std::string& order_id) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = FindSubscription(site, order_id);
  if (subscription == nullptr) return;
  const Time now = now_();
  const double passed = std::chrono::duration<double>(now - hint_filled_).count();
  hint_tokens_ = std::min(kHintTokens, hint_tokens_ + passed * kHintTokensPerS);
  hint_filled_ = now;
  if (hint_tokens_ < 1) return;
  hint_tokens_ -= 1;
  ScheduleFetch(*subscription, FetchReason::kUnauthenticated,
                std::max(now, subscription->fetch_began == Time::min()
                                  ? now
                                  : subscription->fetch_began + kHintGap));
}

void OrderWatchRegistry::NotifyPushed(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = FindSubscription(site, order_id);
  if (subscription == nullptr) return;
  subscription->pushed_at = now_();
  ++subscription->pushes_in_vain;
  if (subscription->fetching == 0) ScheduleAfterPush(*subscription);
}

void OrderWatchRegistry::CatchUp() {
  MutexLock lock(mutex_);
  const Time now = now_();
  const auto spread_ms = static_cast<std::uint64_t>(
      static_cast<std::int64_t>(subscriptions_.size()) * 1'000 / kCatchUpPerS + 1);
  for (auto& [key, subscription] : subscriptions_) {
    ScheduleFetch(*subscription, FetchReason::kPoll,
                  now + milliseconds(static_cast<std::int64_t>(RandomBelow(spread_ms))));
  }
}

void OrderWatchRegistry::Drain() {
  MutexLock lock(mutex_);
  draining_ = true;
  for (auto& [watcher, subscriber] : subscribers_) {
    if (subscriber->subscription != nullptr) DeliverEnd(*subscriber, Leaving());
  }
}

OrderWatchRegistry::Time OrderWatchRegistry::RunExpired() {
  std::vector<PendingFetch> fetches;
  Time next = Time::max();
  {
    MutexLock lock(mutex_);
    const Time now = now_();
    while (!due_.empty() && due_.begin()->first <= now) {
      const auto item = due_.begin()->second;
      due_.erase(due_.begin());
      if (Subscriber* const* subscriber = std::get_if<Subscriber*>(&item)) {
        (*subscriber)->queued = false;
        RunSubscriber(**subscriber);
      } else {
        OrderSubscription& subscription = *std::get<OrderSubscription*>(item);
        subscription.queued = false;
        PendingFetch fetch;
        if (StartFetch(subscription, fetch)) fetches.push_back(std::move(fetch));
      }
    }
    if (!due_.empty()) next = due_.begin()->first;
  }
  for (PendingFetch& fetch : fetches) {
    const std::string site = fetch.key.first;
    const std::string order_id = fetch.key.second;
    fetch_(site, order_id,
           [this, key = std::move(fetch.key), number = fetch.number](Found found) mutable {
             OnFetched(key, number, std::move(found));
           });
  }
  return next;
}

OrderWatchRegistry::OrderSubscription& OrderWatchRegistry::SubscriptionOf(const Key& key) {
  std::unique_ptr<OrderSubscription>& subscription = subscriptions_[key];
  if (subscription == nullptr) {
    subscription = std::make_unique<OrderSubscription>();
    subscription->key = key;
    subscription->backoff_ms = options_.poll_first_ms;
    counters_.orders.fetch_add(1, std::memory_order_relaxed);
  }
  return *subscription;
}

OrderWatchRegistry::OrderSubscription* OrderWatchRegistry::FindSubscription(
    const std::string& site, const std::string& order_id) {
  const auto found = subscriptions_.find({site, order_id});
  return found == subscriptions_.end() ? nullptr : found->second.get();
}

void OrderWatchRegistry::DropSubscription(OrderSubscription& subscription) {
  if (subscription.queued) due_.erase(subscription.due);
  Unfollow(subscription);
  counters_.orders.fetch_sub(1, std::memory_order_relaxed);
  subscriptions_.erase(subscriptions_.find(subscription.key));
}

void OrderWatchRegistry::ApplyInOrder(OrderSubscription& subscription, State notified) {
  const Ordering ordering = Compare(*subscription.known, notified);
  switch (ordering) {
    case Ordering::kSame:
      counters_.events.Count(1);
      subscription.known->modified = std::max(subscription.known->modified, notified.modified);
      subscription.known_at = now_();
      return;
    case Ordering::kStale:
      counters_.events.Count(2);
      return;
    case Ordering::kNews:
      counters_.events.Count(0);
      subscription.changed_in_fetch = true;
      return Accept(subscription, std::move(notified), v1::WatchOrderResponse::CAUSE_NOTIFICATION);
    case Ordering::kIndeterminate:
      counters_.events.Count(3);
      return ScheduleFetch(subscription, FetchReason::kUnproven, now_());
  }
}

void OrderWatchRegistry::Accept(OrderSubscription& subscription, State state, Cause cause) {
  if (subscription.known) subscription.changed_at = now_();
  subscription.known = std::move(state);
  subscription.known_at = subscription.known_since = now_();
  subscription.reads.Reset();
  subscription.backoff_ms = options_.poll_first_ms;
  subscription.pushes_in_vain = 0;
  if (StageOf(*subscription.known) == Stage::kFinal) Unfollow(subscription);
  // A subscriber that ends here leaves the list.
  for (auto at = subscription.subscribers.begin(); at != subscription.subscribers.end();) {
    Subscriber& subscriber = **at++;
    Show(subscription, subscriber, cause);
  }
  if (subscription.fetching == 0) ScheduleRefetch(subscription);
}

void OrderWatchRegistry::Show(OrderSubscription& subscription, Subscriber& subscriber,
                              Cause cause) {
  const State& state = *subscription.known;
  if (!subscriber.in_step) {
    if (subscriber.last_sent) {
      if (subscriber.last_sent->order_mark != OrderMark(state.order->order_id()))
        return DeliverEnd(subscriber, OtherOrder());
      if (subscriber.last_sent->digest != state.digest &&
          !ProvenAfter(*subscriber.last_sent, state) && !subscriber.reads.Proves(state.digest))
        return;  // It may be older than the caller's state: ScheduleRefetch gets it confirmed.
    }
    cause = v1::WatchOrderResponse::CAUSE_SNAPSHOT;
    subscriber.in_step = true;
    subscriber.reads.Reset();
  }
  const bool news = !subscriber.last_sent || subscriber.last_sent->digest != state.digest;
  if (news) {
    subscriber.last_sent = LastSentOf(state);
    subscriber.watcher->Notify(state, cause);
    if (subscriber.heartbeat.count() > 0) subscriber.beat_at = now_() + subscriber.heartbeat;
  }
  if (subscriber.follow) return;
  const Stage stage = StageOf(state);
  if (stage == Stage::kFinal && now_() - subscription.known_at < kFresh)
    return DeliverEnd(subscriber, std::nullopt);
  if (stage == Stage::kOpen) {
    subscriber.quiet_until = Time::max();
  } else if (news || subscriber.quiet_until == Time::max()) {
    subscriber.quiet_until = now_() + milliseconds(options_.quiet_ms);
  }
  SetSubscriberDue(subscriber);
}

void OrderWatchRegistry::DeliverEnd(Subscriber& subscriber,
                                    std::optional<payments::Failure> failure) {
  OrderSubscription* const subscription = subscriber.subscription;
  if (subscription == nullptr) return;
  subscriber.subscription = nullptr;
  subscription->subscribers.erase(subscriber.at);
  if (subscriber.queued) due_.erase(subscriber.due);
  subscriber.queued = false;
  subscriber.watcher->End(std::move(failure));
  // The subscription is dropped when it is next due: a caller may be iterating over it.
  if (subscription->subscribers.empty()) SetDue(*subscription, now_());
}

void OrderWatchRegistry::SetDue(OrderSubscription& subscription, Time when) {
  if (subscription.queued) due_.erase(subscription.due);
  subscription.due = due_.emplace(when, &subscription);
  subscription.queued = true;
  if (subscription.due == due_.begin() && wake_) wake_();
}

void OrderWatchRegistry::SetSubscriberDue(Subscriber& subscriber) {
  const Time when = std::min(subscriber.beat_at, subscriber.quiet_until);
  if (subscriber.queued && subscriber.due->first == when) return;
  if (subscriber.queued) due_.erase(subscriber.due);
  subscriber.queued = when != Time::max();
  if (!subscriber.queued) return;
  subscriber.due = due_.emplace(when, &subscriber);
  if (subscriber.due == due_.begin() && wake_) wake_();
}

void OrderWatchRegistry::RunSubscriber(Subscriber& subscriber) {
  const Time now = now_();
  if (subscriber.quiet_until <= now) return DeliverEnd(subscriber, std::nullopt);
  if (subscriber.beat_at <= now) {
    subscriber.watcher->Beat();
    subscriber.beat_at = now + subscriber.heartbeat;
  }
  SetSubscriberDue(subscriber);
}

}  // namespace msp::webhooks
