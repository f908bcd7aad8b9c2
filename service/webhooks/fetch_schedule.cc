// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/fetch_schedule.h"

#include <algorithm>

#include "service/base/random.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;

// Minimum time between the beginnings of two reads of one order.
constexpr milliseconds kFetchGap{500};
// The same, where the second is for an unauthenticated notification.
constexpr milliseconds kUnauthenticatedGap{5'000};
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

void FetchSchedule::Request(FetchReason why, Time when) {
  if (fetching()) {
    again_ = again_ || why != FetchReason::kPoll;
    return;
  }
  when = std::max(when, began_ + kFetchGap);
  if (due_ <= when) return;
  why_ = why;
  due_ = when;
}

void FetchSchedule::RequestUnauthenticated(Time now) {
  Request(FetchReason::kUnauthenticated, std::max(now, began_ + kUnauthenticatedGap));
}

void FetchSchedule::CatchUp(Time when) {
  if (fetching()) return FetchAgain();
  Request(FetchReason::kPoll, when);
}

void FetchSchedule::OnPush(Time now) {
  pushed_at_ = now;
  ++pushes_without_change_;
  if (!fetching()) RequestAfterPush();
}

void FetchSchedule::OnAccepted(Time now, bool change) {
  if (change) changed_at_ = now;
  backoff_ms_ = options_.poll_first_ms;
  pushes_without_change_ = 0;
}

bool FetchSchedule::Begin(Time now, std::uint64_t number) {
  if (due_ > now) return false;
  due_ = Time::max();
  number_ = number;
  began_ = now;
  again_ = false;
  return true;
}

bool FetchSchedule::End(std::uint64_t number) {
  if (number_ != number) return false;
  number_ = 0;
  return true;
}

bool FetchSchedule::RetryFirst() {
  if (unproven_ >= kFirstFailuresMax) return false;
  Request(FetchReason::kUnproven, began_ + kFetchGap * (1 << unproven_));
  ++unproven_;
  return true;
}

bool FetchSchedule::RequestAgain(Time now) {
  if (again_) Request(FetchReason::kUnproven, now);
  return again_;
}

void FetchSchedule::RequestProof(Time since) {
  const milliseconds gap = kFetchGap * (1 << std::min(unproven_, kGapDoublingsMax));
  ++unproven_;
  Request(FetchReason::kUnproven, std::max(began_ + gap, since + milliseconds(options_.settle_ms)));
}

void FetchSchedule::RequestPoll(Time now, bool ended) {
  unproven_ = 0;
  if (ended) backoff_ms_ = std::max(backoff_ms_, options_.poll_max_ms);
  const Time when = now + Jittered(backoff_ms_);
  // A state was just accepted. Reads to see it are not needed any more; those for a proof or a push
  // are.
  const bool urgent = why_ == FetchReason::kUnproven || why_ == FetchReason::kPushed;
  if (urgent && due_ <= when) return;
  why_ = FetchReason::kPoll;
  due_ = when;
  backoff_ms_ = std::min(backoff_ms_ * 2, options_.poll_max_ms * (ended ? kRareTimes : 1));
}

void FetchSchedule::CancelPoll() {
  unproven_ = 0;
  if (why_ == FetchReason::kPoll) due_ = Time::max();
}

void FetchSchedule::RequestAfterPush() {
  if (pushed_at_ == Time::min()) return;
  const milliseconds settle{options_.settle_ms};
  const bool read_since = began_ >= pushed_at_;
  // The push is about a change that was sent shortly before.
  const bool seen = read_since && changed_at_ + settle >= pushed_at_;
  if (seen || began_ >= pushed_at_ + settle) {
    pushed_at_ = Time::min();
    return;
  }
  const int doublings = std::clamp(pushes_without_change_ - kPushesAtOnce, 0, kPushDoublingsMax);
  Request(FetchReason::kPushed, std::max(read_since ? pushed_at_ + settle : pushed_at_,
                                         began_ + kFetchGap * (1 << doublings)));
}

}  // namespace msp::webhooks
