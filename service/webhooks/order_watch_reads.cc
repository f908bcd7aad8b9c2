// SPDX-License-Identifier: Apache-2.0

// The registry's reads of orders: when they are due, and what their answers prove.
#include <algorithm>
#include <utility>

#include "service/base/random.h"
#include "service/telemetry/line.h"
#include "service/webhooks/order_subscription.h"
#include "service/webhooks/order_watch_registry.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;
namespace v1 = multisafepay::v1;

// Minimum time between the beginnings of two reads of one order.
constexpr milliseconds kFetchGap{500};
// Maximum interval of reads that wait for proof, as a power of two of gaps: four minutes.
constexpr int kGapDoublingsMax = 9;
// After this many pushes without a change, each further push doubles the wait for its read, up to
// half a minute.
constexpr int kPushesAtOnce = 8;
constexpr int kPushDoublingsMax = 6;
// First reads that may fail where a notification shows that the order exists.
constexpr int kFirstFailuresMax = 5;
// Factor on poll_max_ms for an order that has ended.
constexpr std::int64_t kRareTimes = 12;

// 0.5 to 1.5 times the wait, so that watchers that began together drift apart.
milliseconds Jittered(std::int64_t ms) {
  return milliseconds(ms / 2 + static_cast<std::int64_t>(RandomBelow(
                                   static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1)))));
}

}  // namespace

void OrderWatchRegistry::ScheduleFetch(OrderSubscription& subscription, FetchReason why,
                                       Time when) {
  if (subscription.fetching != 0) {
    if (why != FetchReason::kPoll) subscription.fetch_again = true;
    return;
  }
  if (subscription.fetch_began != Time::min())
    when = std::max(when, subscription.fetch_began + kFetchGap);
  if (subscription.queued && subscription.due->first <= when) return;
  subscription.why = why;
  SetDue(subscription, when);
}

// The next read: where a state waits for proof soon, but after the settle time; else the next poll.
void OrderWatchRegistry::ScheduleRefetch(OrderSubscription& subscription) {
  Time since = subscription.reads.pending() ? subscription.known_since : Time::max();
  for (const Subscriber* subscriber : subscription.subscribers) {
    if (subscription.known && !subscriber->in_step) since = std::min(since, subscriber->joined);
  }
  if (since == Time::max()) {
    subscription.unproven = 0;
    return SchedulePoll(subscription);
  }
  const milliseconds gap = kFetchGap * (1 << std::min(subscription.unproven++, kGapDoublingsMax));
  ScheduleFetch(subscription, FetchReason::kUnproven,
                std::max(subscription.fetch_began + gap, since + milliseconds(options_.settle_ms)));
}

// Schedules the read for the last push, and another after the settle time: a read right after a
// push may still show the state before.
void OrderWatchRegistry::ScheduleAfterPush(OrderSubscription& subscription) {
  const Time pushed_at = subscription.pushed_at;
  if (pushed_at == Time::min()) return;
  const milliseconds settle{options_.settle_ms};
  const bool read_since = subscription.fetch_began >= pushed_at;
  // The push is about a change that was sent shortly before.
  const bool seen = read_since && subscription.changed_at + settle >= pushed_at;
  if (seen || subscription.fetch_began >= pushed_at + settle) {
    subscription.pushed_at = Time::min();
    return;
  }
  const int doublings =
      std::clamp(subscription.pushes_in_vain - kPushesAtOnce, 0, kPushDoublingsMax);
  ScheduleFetch(subscription, FetchReason::kPushed,
                std::max(read_since ? pushed_at + settle : pushed_at,
                         subscription.fetch_began + kFetchGap * (1 << doublings)));
}

void OrderWatchRegistry::SchedulePoll(OrderSubscription& subscription) {
  const bool ended = subscription.known && StageOf(*subscription.known) != Stage::kOpen;
  const bool followed =
      std::any_of(subscription.subscribers.begin(), subscription.subscribers.end(),
                  [](const Subscriber* subscriber) { return subscriber->follow; });
  if (ended && !followed) {
    if (subscription.queued && subscription.why == FetchReason::kPoll &&
        !subscription.subscribers.empty()) {
      due_.erase(subscription.due);
      subscription.queued = false;
    }
    return;
  }
  if (ended) subscription.backoff_ms = std::max(subscription.backoff_ms, options_.poll_max_ms);
  const Time when = now_() + Jittered(subscription.backoff_ms);
  const bool urgent =
      subscription.why == FetchReason::kUnproven || subscription.why == FetchReason::kPushed;
  if (subscription.queued && urgent && subscription.due->first <= when) return;
  subscription.why = FetchReason::kPoll;
  SetDue(subscription, when);
  subscription.backoff_ms =
      std::min(subscription.backoff_ms * 2, options_.poll_max_ms * (ended ? kRareTimes : 1));
}

bool OrderWatchRegistry::StartFetch(OrderSubscription& subscription, PendingFetch& fetch) {
  if (subscription.subscribers.empty()) {
    DropSubscription(subscription);
    return false;
  }
  if (subscription.fetching != 0) return false;  // Its answer schedules the next read.
  subscription.fetching = ++fetches_;
  subscription.fetch_began = now_();
  subscription.changed_in_fetch = false;
  subscription.fetch_again = false;
  counters_.fetches.Count(subscription.why);
  fetch = {subscription.key, subscription.fetching};
  return true;
}

void OrderWatchRegistry::OnFetched(const Key& key, std::uint64_t number, Found found) {
  MutexLock lock(mutex_);
  OrderSubscription* subscription = FindSubscription(key.first, key.second);
  if (subscription == nullptr || subscription->fetching != number) return;
  subscription->fetching = 0;
  if (found.order) {
    const std::string& own = found.order->order_id();
    if (!own.empty() && own != key.second) subscription = UseOwnId(*subscription, own);
    if (subscription == nullptr) return;
    Read(*subscription, StateOf(*std::move(found.order), telemetry::UnixMsNow()));
  } else {
    counters_.fetches_failed.fetch_add(1, std::memory_order_relaxed);
    if (!subscription->known) return FailFirst(*subscription, found.failure);
  }
  if (subscription->subscribers.empty()) return;
  if (subscription->fetch_again) {
    ScheduleFetch(*subscription, FetchReason::kUnproven, now_());
  } else if (!subscription->queued) {
    ScheduleRefetch(*subscription);
  }
  ScheduleAfterPush(*subscription);
}

// A notification proves that the order exists, but not its state: it may be a refund's.
void OrderWatchRegistry::FailFirst(OrderSubscription& subscription,
                                   const payments::Failure& failure) {
  if (subscription.held && subscription.unproven < kFirstFailuresMax)
    return ScheduleFetch(subscription, FetchReason::kUnproven,
                         subscription.fetch_began + kFetchGap * (1 << subscription.unproven++));
  for (auto at = subscription.subscribers.begin(); at != subscription.subscribers.end();)
    DeliverEnd(**at++, failure);
}

void OrderWatchRegistry::Read(OrderSubscription& subscription, State read) {
  const Time began = subscription.fetch_began;
  const milliseconds settle{options_.settle_ms};
  const int found =
      subscription.pushed_at != Time::min() && began >= subscription.pushed_at ? 5 : 4;
  for (Subscriber* subscriber : subscription.subscribers) {
    if (!subscriber->in_step && began >= subscriber->joined)
      subscriber->reads.Add(read.digest, began, subscriber->joined, settle);
  }
  if (!subscription.known) {
    Accept(subscription, std::move(read), v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  } else if (read.digest == subscription.known->digest) {
    subscription.known->modified = std::max(subscription.known->modified, read.modified);
    subscription.known_at = now_();
    subscription.reads.Reset();
  } else if (ProvenAfter(LastSentOf(*subscription.known), read)) {
    counters_.events.Count(found);
    Accept(subscription, std::move(read), v1::WatchOrderResponse::CAUSE_LOOKUP);
  } else if (subscription.changed_in_fetch) {
    counters_.events.Count(2);  // Read before a notification that came meanwhile.
    subscription.fetch_again = true;
  } else {
    subscription.reads.Add(read.digest, began, subscription.known_since, settle);
    const bool proven = subscription.reads.Proves(read.digest);
    counters_.events.Count(proven ? found : 3);
    if (proven) Accept(subscription, std::move(read), v1::WatchOrderResponse::CAUSE_LOOKUP);
  }
  FollowIfOpen(subscription);
  // Watchers that joined during the read, or that wait for the order's end.
  for (auto at = subscription.subscribers.begin(); at != subscription.subscribers.end();) {
    Subscriber& subscriber = **at++;
    if (!subscriber.in_step || !subscriber.follow)
      Show(subscription, subscriber, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  }
  if (subscription.held) {
    State held = *std::move(subscription.held);
    subscription.held.reset();
    ApplyInOrder(subscription, std::move(held));
  }
}

void OrderWatchRegistry::FollowIfOpen(OrderSubscription& subscription) {
  if (pushes_ == nullptr || StageOf(*subscription.known) == Stage::kFinal) return;
  subscription.followed = true;
  pushes_->Follow(subscription.key.first, subscription.key.second);
}

void OrderWatchRegistry::Unfollow(OrderSubscription& subscription) {
  if (!std::exchange(subscription.followed, false)) return;
  pushes_->Unfollow(subscription.key.first, subscription.key.second);
}

OrderWatchRegistry::OrderSubscription* OrderWatchRegistry::UseOwnId(OrderSubscription& subscription,
                                                                    const std::string& order_id) {
  const Key own{subscription.key.first, order_id};
  if (OrderSubscription* other = FindSubscription(own.first, own.second); other != nullptr) {
    std::list<Subscriber*> subscribers;
    subscribers.swap(subscription.subscribers);
    DropSubscription(subscription);
    for (auto at = subscribers.begin(); at != subscribers.end();) {
      Subscriber& subscriber = **at;
      subscriber.subscription = other;
      other->subscribers.splice(other->subscribers.end(), subscribers, at++);
      Join(*other, subscriber);
    }
    return nullptr;
  }
  Unfollow(subscription);
  auto node = subscriptions_.extract(subscription.key);
  node.key() = own;
  subscription.key = own;
  subscriptions_.insert(std::move(node));
  // Until now notifications were missed: they name the order by its own id, which had no watcher.
  subscription.fetch_again = true;
  return &subscription;
}

}  // namespace msp::webhooks
