// SPDX-License-Identifier: Apache-2.0

// When a watched order is read next, and why: at once or soon where something may have changed,
// else by polling, so that a lost notification does not matter. Polls come at intervals that grow
// from poll_first_ms to poll_max_ms while the order is open, and up to kRareTimes poll_max_ms for
// watchers that follow it beyond its end. There is one read at a time.
//
// Part of an OrderSubscription; reads no clock and starts nothing itself.
#pragma once

#include <chrono>
#include <cstdint>

#include "service/webhooks/counters.h"
#include "service/webhooks/order_watch_options.h"

namespace msp::webhooks {

class FetchSchedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit FetchSchedule(const OrderWatchOptions& options)
      : options_(options), backoff_ms_(options.poll_first_ms) {}

  Time due() const { return due_; }  // Time::max() for none.
  bool pending() const { return due_ != Time::max(); }
  bool fetching() const { return number_ != 0; }
  // When the last read began, and whether a push without a conclusive read came before it.
  Time began() const { return began_; }
  bool follows_push() const { return pushed_at_ != Time::min() && began_ >= pushed_at_; }
  // The reason of the next read; after Begin, of the one that began.
  FetchReason why() const { return why_; }

  // Reads at `when`, unless a read is due before. While a read is under way another one follows it,
  // except for a poll: the end of each read requests the next poll.
  void Request(FetchReason why, Time when);
  // For an unauthenticated notification: rate-limited.
  void RequestUnauthenticated(Time now);
  // The push source has news. Reads now, and once more after the settle time unless a change is
  // seen: a read right after a push may still show the state before. Pushes without a change delay
  // the reads for further ones.
  void OnPush(Time now);
  // A state was accepted; `change` where it is not the first.
  void OnAccepted(Time now, bool change);

  // The read that is due begins, as number `number`; false when none is due.
  bool Begin(Time now, std::uint64_t number);
  // False when the read under way has another number.
  bool End(std::uint64_t number);
  // The first read has failed. False after kFirstFailuresMax.
  bool RetryFirst();
  // Notifications may have been missed: reads at `when`, or once more after the read under way,
  // which may have begun before them.
  void CatchUp(Time when);
  // Another read follows the one under way, or the one that has just ended.
  void FetchAgain() { again_ = true; }
  // At the end of a read: requests the read that was asked for meanwhile. False for none.
  bool RequestAgain(Time now);
  // A state waits for proof: the known one, which became known at `since`, or the one that a
  // watcher needs since it joined at `since`. Reads soon, but not before the settle time has
  // passed.
  void RequestProof(Time since);
  void RequestPoll(Time now, bool ended);
  void CancelPoll();
  // Requests the read for the last push, unless a read has been conclusive about it.
  void RequestAfterPush();

 private:
  const OrderWatchOptions& options_;
  Time due_ = Time::max();
  FetchReason why_ = FetchReason::kSnapshot;
  std::uint64_t number_ = 0;  // Of the read under way; 0 for none.
  Time began_ = Time::min();
  bool again_ = false;
  std::int64_t backoff_ms_;  // Of polls.
  int unproven_ = 0;  // Consecutive reads without proof; before a state is known, failed ones.
  Time changed_at_ = Time::min();
  Time pushed_at_ = Time::min();   // Of the last push without a conclusive read.
  int pushes_without_change_ = 0;  // Since the last change.
};

}  // namespace msp::webhooks
