// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/order_subscription.h"

#include <algorithm>

#include "service/webhooks/token.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;
namespace v1 = multisafepay::v1;

// A known state that was confirmed within this time is current for a new watcher.
constexpr milliseconds kFreshFor{1'000};

}  // namespace

OrderSubscription::OrderSubscription(Key key, const OrderWatchDependencies& dependencies)
    : key_(std::move(key)), dependencies_(dependencies), schedule_(dependencies.options) {}

// Sends the known state at once, also where it is no longer fresh: the read may fail.
void OrderSubscription::Join(Subscriber& subscriber) {
  subscriber.subscription = this;
  subscriber.at = subscribers_.insert(subscribers_.end(), &subscriber);
  subscriber.due = Time::max();
  SetDue(subscriber);
  const Time now = dependencies_.now();
  if (known_) SendKnown(subscriber, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  if (!known_ || !subscriber.in_step || now - last_seen_at_ >= kFreshFor) {
    schedule_.Request(FetchReason::kSnapshot, now);
  } else if (!schedule_.pending() && !schedule_.fetching()) {
    SchedulePoll();
  }
}

void OrderSubscription::OnNotification(OrderState notified) {
  if (known_) return ApplyNotification(std::move(notified));
  if (!held_ || notified.modified >= held_->modified) held_ = std::move(notified);
}

bool OrderSubscription::RunExpired(Time now, std::uint64_t number) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Subscriber& subscriber = *timers_.begin()->second;
    if (subscriber.quiet_until <= now) {
      End(subscriber, std::nullopt);
      continue;
    }
    subscriber.watcher->SendHeartbeat();
    subscriber.heartbeat_at = now + subscriber.heartbeat;
    SetDue(subscriber);
  }
  if (subscribers_.empty() || !schedule_.Begin(now, number)) return false;
  changed_in_fetch_ = false;
  dependencies_.counters.fetches.Count(schedule_.why());
  return true;
}

void OrderSubscription::OnRead(OrderState read) {
  for (Subscriber* subscriber : subscribers_) {
    if (!subscriber->in_step && schedule_.began() >= subscriber->joined)
      subscriber->reads.Add(read.digest, schedule_.began(), subscriber->joined,
                            milliseconds(dependencies_.options.settle_ms));
  }
  ApplyRead(std::move(read));
  FollowIfOpen();
  // Watchers that joined during the read, or that wait for the order's end. One that ends here
  // leaves the list.
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    Subscriber& subscriber = **at++;
    if (!subscriber.in_step || !subscriber.follow)
      SendKnown(subscriber, v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  }
  if (held_) ApplyNotification(*std::exchange(held_, std::nullopt));
  ScheduleNext();
}

void OrderSubscription::ApplyRead(OrderState read) {
  if (!known_) return Accept(std::move(read), v1::WatchOrderResponse::CAUSE_SNAPSHOT);
  if (read.digest == known_->digest) {
    reads_.Reset();
    return MarkCurrent(read);
  }
  if (!ProvenAfter(LastSentOf(*known_), read)) {
    if (changed_in_fetch_) {  // Read before a notification that came meanwhile.
      schedule_.FetchAgain();
      return dependencies_.counters.events.Count(WatchUpdate::kStale);
    }
    reads_.Add(read.digest, schedule_.began(), known_since_,
               milliseconds(dependencies_.options.settle_ms));
    if (!reads_.Proves(read.digest))
      return dependencies_.counters.events.Count(WatchUpdate::kIndeterminate);
  }
  dependencies_.counters.events.Count(schedule_.follows_push() ? WatchUpdate::kPushed
                                                               : WatchUpdate::kRead);
  Accept(std::move(read), v1::WatchOrderResponse::CAUSE_LOOKUP);
}

void OrderSubscription::ApplyNotification(OrderState notified) {
  switch (Compare(*known_, notified)) {
    case Ordering::kSame:
      dependencies_.counters.events.Count(WatchUpdate::kSame);
      return MarkCurrent(notified);
    case Ordering::kStale:
      return dependencies_.counters.events.Count(WatchUpdate::kStale);
    case Ordering::kNews:
      dependencies_.counters.events.Count(WatchUpdate::kNews);
      changed_in_fetch_ = true;
      return Accept(std::move(notified), v1::WatchOrderResponse::CAUSE_NOTIFICATION);
    case Ordering::kIndeterminate:
      dependencies_.counters.events.Count(WatchUpdate::kIndeterminate);
      return schedule_.Request(FetchReason::kUnproven, dependencies_.now());
  }
}

void OrderSubscription::MarkCurrent(const OrderState& same) {
  known_->modified = std::max(known_->modified, same.modified);
  last_seen_at_ = dependencies_.now();
}

void OrderSubscription::Accept(OrderState state, Cause cause) {
  last_seen_at_ = known_since_ = dependencies_.now();
  schedule_.OnAccepted(last_seen_at_, known_.has_value());
  known_ = std::move(state);
  reads_.Reset();
  if (StageOf(*known_) == Stage::kFinal) Unfollow();
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    Subscriber& subscriber = **at++;
    SendKnown(subscriber, cause);
  }
  if (!schedule_.fetching()) ScheduleRefetch();
}

void OrderSubscription::SendKnown(Subscriber& subscriber, Cause cause) {
  const OrderState& state = *known_;
  if (!subscriber.in_step) {
    if (subscriber.last_sent) {
      if (subscriber.last_sent->order_mark != OrderMark(state.order->order_id()))
        return End(subscriber, payments::InvalidRequest(
                                   {{.field = "resume_token", .description = kUnknownToken}}));
      if (subscriber.last_sent->digest != state.digest &&
          !ProvenAfter(*subscriber.last_sent, state) && !subscriber.reads.Proves(state.digest))
        return;  // It may be older than the caller's state: ScheduleRefetch gets it confirmed.
    }
    cause = v1::WatchOrderResponse::CAUSE_SNAPSHOT;
    subscriber.in_step = true;
    subscriber.reads.Reset();
  }
  const Time now = dependencies_.now();
  const bool news = !subscriber.last_sent || subscriber.last_sent->digest != state.digest;
  if (news) {
    subscriber.last_sent = LastSentOf(state);
    subscriber.watcher->SendState(state, cause);
    if (subscriber.heartbeat.count() > 0) subscriber.heartbeat_at = now + subscriber.heartbeat;
  }
  if (!subscriber.follow) {
    const Stage stage = StageOf(state);
    if (stage == Stage::kFinal && now - last_seen_at_ < kFreshFor)
      return End(subscriber, std::nullopt);
    if (stage == Stage::kOpen) {
      subscriber.quiet_until = Time::max();
    } else if (news || subscriber.quiet_until == Time::max()) {
      subscriber.quiet_until = now + milliseconds(dependencies_.options.quiet_ms);
    }
  }
  SetDue(subscriber);
}

void OrderSubscription::OnReadFailed(const payments::Failure& failure) {
  if (known_) return ScheduleNext();
  // A notification proves that the order exists, but not its state: it may be a refund's.
  if (held_ && schedule_.RetryFirst()) return;
  EndAll(failure);
}

void OrderSubscription::EndAll(const std::optional<payments::Failure>& failure) {
  while (!subscribers_.empty()) End(*subscribers_.front(), failure);
}

void OrderSubscription::End(Subscriber& subscriber,
                            const std::optional<payments::Failure>& failure) {
  Remove(subscriber);
  subscriber.watcher->End(failure);
}

void OrderSubscription::Remove(Subscriber& subscriber) {
  subscriber.subscription = nullptr;
  subscribers_.erase(subscriber.at);
  timers_.erase({subscriber.due, &subscriber});
}

// Until now notifications were missed: they name the order by its own id, which had no watcher.
void OrderSubscription::Rename(Key own) {
  Unfollow();
  key_ = std::move(own);
  schedule_.FetchAgain();
}

void OrderSubscription::FollowIfOpen() {
  if (dependencies_.push_source == nullptr || StageOf(*known_) == Stage::kFinal) return;
  followed_ = true;
  dependencies_.push_source->Follow(key_.first, key_.second);
}

void OrderSubscription::Unfollow() {
  if (std::exchange(followed_, false)) dependencies_.push_source->Unfollow(key_.first, key_.second);
}

void OrderSubscription::ScheduleNext() {
  if (!schedule_.RequestAgain(dependencies_.now()) && !schedule_.pending()) ScheduleRefetch();
  schedule_.RequestAfterPush();
}

// Requests the next read: for proof, where a state waits for it, else by polling.
void OrderSubscription::ScheduleRefetch() {
  Time since = reads_.pending() ? known_since_ : Time::max();
  for (const Subscriber* subscriber : subscribers_) {
    if (!subscriber->in_step) since = std::min(since, subscriber->joined);
  }
  if (since == Time::max()) return SchedulePoll();
  schedule_.RequestProof(since);
}

void OrderSubscription::SchedulePoll() {
  const bool ended = StageOf(*known_) != Stage::kOpen;
  const bool followed =
      std::any_of(subscribers_.begin(), subscribers_.end(),
                  [](const Subscriber* subscriber) { return subscriber->follow; });
  if (ended && !followed) return schedule_.CancelPoll();
  schedule_.RequestPoll(dependencies_.now(), ended);
}

OrderSubscription::Time OrderSubscription::due() const {
  return std::min(schedule_.due(), timers_.empty() ? Time::max() : timers_.begin()->first);
}

void OrderSubscription::SetDue(Subscriber& subscriber) {
  const Time when = std::min(subscriber.heartbeat_at, subscriber.quiet_until);
  if (when == subscriber.due) return;
  timers_.erase({subscriber.due, &subscriber});
  subscriber.due = when;
  if (when != Time::max()) timers_.emplace(when, &subscriber);
}

}  // namespace msp::webhooks
