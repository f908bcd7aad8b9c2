// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_watch_registry.h"

#include <algorithm>
#include <vector>

#include "service/base/random.h"
#include "service/telemetry/line.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;

// Reads for unauthenticated notifications, of all orders together: burst, and per second.
constexpr double kUnauthenticatedTokens = 50;
constexpr double kUnauthenticatedTokensPerS = 20;
// Reads per second when all orders have to be read.
constexpr std::int64_t kCatchUpPerS = 200;
constexpr std::int64_t kRetryAfterMs = 1'000;

payments::Failure TooManyWatchers() {
  return {.code = absl::StatusCode::kResourceExhausted,
          .message = "the limit on watchers is reached (--watchers_max)",
          .reason = std::string(payments::reason::kOverloaded),
          .retry_after_ms = kRetryAfterMs};
}

payments::Failure ShuttingDown() {
  return {.code = absl::StatusCode::kUnavailable,
          .message = "this server is shutting down; watch again with the last resume_token",
          .reason = std::string(payments::reason::kShuttingDown),
          .retry_after_ms = kRetryAfterMs};
}

}  // namespace

OrderWatchRegistry::OrderWatchRegistry(OrderWatchOptions options, FetchOrder fetch,
                                       Counters& counters, Now now)
    : dependencies_{.options = options, .counters = counters, .now = std::move(now)},
      fetch_(std::move(fetch)),
      unauthenticated_tokens_(kUnauthenticatedTokens),
      tokens_filled_(dependencies_.now()) {}

std::optional<payments::Failure> OrderWatchRegistry::Watch(const WatchRequest& request,
                                                           Watcher* watcher) {
  MutexLock lock(mutex_);
  if (draining_) return ShuttingDown();
  if (static_cast<std::int64_t>(subscribers_.size()) >= dependencies_.options.watchers_max) {
    dependencies_.counters.watchers_refused.fetch_add(1, std::memory_order_relaxed);
    return TooManyWatchers();
  }
  const Key key{request.site, request.order_id};
  const auto [subscription, created] = subscriptions_.try_emplace(key, key, dependencies_);
  if (created) dependencies_.counters.orders.fetch_add(1, std::memory_order_relaxed);
  Subscriber& subscriber = subscribers_[watcher];
  subscriber.watcher = watcher;
  subscriber.follow = request.follow;
  subscriber.last_sent = request.last_sent;
  subscriber.joined = dependencies_.now();
  subscriber.heartbeat = milliseconds(request.heartbeat_ms);
  if (request.heartbeat_ms > 0) subscriber.heartbeat_at = subscriber.joined + subscriber.heartbeat;
  dependencies_.counters.watchers.fetch_add(1, std::memory_order_relaxed);
  subscription->second.Join(subscriber);
  QueueOrDrop(subscription->second);
  return std::nullopt;
}

OrderWatchRegistry::Time OrderWatchRegistry::RunExpired() {
  std::vector<Fetch> fetches;
  Time next = Time::max();
  {
    MutexLock lock(mutex_);
    const Time now = dependencies_.now();
    while (!due_.empty() && due_.begin()->first <= now) {
      OrderSubscription& subscription = *due_.begin()->second;
      if (subscription.RunExpired(now, ++fetches_))
        fetches.push_back({subscription.key(), fetches_});
      QueueOrDrop(subscription);
    }
    if (!due_.empty()) next = due_.begin()->first;
  }
  for (const Fetch& fetch : fetches) {
    fetch_(fetch.key.first, fetch.key.second,
           [this, fetch](FetchResult found) { OnFetched(fetch, std::move(found)); });
  }
  return next;
}

void OrderWatchRegistry::OnFetched(const Fetch& fetch, FetchResult found) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = Find(fetch.key.first, fetch.key.second);
  if (subscription == nullptr || !subscription->schedule().End(fetch.number)) return;
  if (found.order) {
    subscription = UseOwnId(*subscription, found.order->order_id());
    if (subscription == nullptr) return;
    subscription->OnRead(StateOf(*std::move(found.order), telemetry::UnixMsNow()));
  } else {
    dependencies_.counters.fetches_failed.fetch_add(1, std::memory_order_relaxed);
    subscription->OnReadFailed(found.failure);
  }
  QueueOrDrop(*subscription);
}

// A read, usually the first, has shown the order's own id: renames the subscription to it, or
// merges it into the subscription with that id; then returns null.
OrderSubscription* OrderWatchRegistry::UseOwnId(OrderSubscription& subscription,
                                                const std::string& order_id) {
  const Key own{subscription.key().first, order_id};
  if (order_id.empty() || own == subscription.key()) return &subscription;
  if (OrderSubscription* other = Find(own.first, own.second); other != nullptr) {
    while (!subscription.empty()) {
      Subscriber& subscriber = subscription.first();
      subscription.Remove(subscriber);
      other->Join(subscriber);
    }
    QueueOrDrop(subscription);
    QueueOrDrop(*other);
    return nullptr;
  }
  auto node = subscriptions_.extract(subscription.key());
  node.key() = own;
  subscriptions_.insert(std::move(node));
  subscription.Rename(own);
  return &subscription;
}

void OrderWatchRegistry::Leave(Watcher* watcher) {
  MutexLock lock(mutex_);
  const auto found = subscribers_.find(watcher);
  if (found == subscribers_.end()) return;
  Subscriber& subscriber = found->second;
  if (OrderSubscription* subscription = subscriber.subscription; subscription != nullptr) {
    subscription->Remove(subscriber);
    QueueOrDrop(*subscription);
  }
  subscribers_.erase(found);
  dependencies_.counters.watchers.fetch_sub(1, std::memory_order_relaxed);
}

bool OrderWatchRegistry::Watches(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  return Find(site, order_id) != nullptr;
}

void OrderWatchRegistry::OnNotification(const std::string& site, OrderState notified) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = Find(site, notified.order->order_id());
  if (subscription == nullptr) return;
  subscription->OnNotification(std::move(notified));
  QueueOrDrop(*subscription);
}

void OrderWatchRegistry::OnUnauthenticatedNotification(const std::string& site,
                                                       const std::string& order_id) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = Find(site, order_id);
  if (subscription == nullptr || !TakeUnauthenticatedToken()) return;
  subscription->schedule().RequestUnauthenticated(dependencies_.now());
  QueueOrDrop(*subscription);
}

bool OrderWatchRegistry::TakeUnauthenticatedToken() {
  const Time now = dependencies_.now();
  const double passed = std::chrono::duration<double>(now - tokens_filled_).count();
  unauthenticated_tokens_ = std::min(kUnauthenticatedTokens,
                                     unauthenticated_tokens_ + passed * kUnauthenticatedTokensPerS);
  tokens_filled_ = now;
  if (unauthenticated_tokens_ < 1) return false;
  unauthenticated_tokens_ -= 1;
  return true;
}

void OrderWatchRegistry::OnPush(const std::string& site, const std::string& order_id) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = Find(site, order_id);
  if (subscription == nullptr) return;
  subscription->schedule().OnPush(dependencies_.now());
  QueueOrDrop(*subscription);
}

void OrderWatchRegistry::CatchUp() {
  MutexLock lock(mutex_);
  const Time now = dependencies_.now();
  const auto spread_ms = static_cast<std::uint64_t>(
      static_cast<std::int64_t>(subscriptions_.size()) * 1'000 / kCatchUpPerS + 1);
  for (auto& [key, subscription] : subscriptions_) {
    const milliseconds wait(static_cast<std::int64_t>(RandomBelow(spread_ms)));
    subscription.schedule().CatchUp(now + wait);
    QueueOrDrop(subscription);  // It has subscribers: nothing is dropped.
  }
}

void OrderWatchRegistry::Drain() {
  MutexLock lock(mutex_);
  draining_ = true;
  while (!subscriptions_.empty()) {
    OrderSubscription& subscription = subscriptions_.begin()->second;
    subscription.EndAll(ShuttingDown());
    QueueOrDrop(subscription);
  }
}

OrderSubscription* OrderWatchRegistry::Find(const std::string& site, const std::string& order_id) {
  const auto found = subscriptions_.find({site, order_id});
  return found == subscriptions_.end() ? nullptr : &found->second;
}

// After each change of a subscription.
void OrderWatchRegistry::QueueOrDrop(OrderSubscription& subscription) {
  const Time when = subscription.empty() ? Time::max() : subscription.due();
  if (when != subscription.queued_for) {
    due_.erase({subscription.queued_for, &subscription});
    if (when != Time::max()) due_.emplace(when, &subscription);
    subscription.queued_for = when;
    if (!due_.empty() && due_.begin()->second == &subscription && wake_) wake_();
  }
  if (!subscription.empty()) return;
  subscription.Unfollow();
  dependencies_.counters.orders.fetch_sub(1, std::memory_order_relaxed);
  subscriptions_.erase(subscriptions_.find(subscription.key()));
}

}  // namespace msp::webhooks
