// SPDX-License-Identifier: Apache-2.0

// When a watched order is read next, by itself: no order, no registry, times by hand.
#include "service/webhooks/fetch_schedule.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;

class Schedule : public ::testing::Test {
 protected:
  // A read begins and ends at once.
  void Fetch() {
    ASSERT_TRUE(schedule_.Begin(now_, ++number_));
    ASSERT_TRUE(schedule_.End(number_));
  }
  milliseconds Wait() const {
    return std::chrono::duration_cast<milliseconds>(schedule_.due() - now_);
  }

  FetchSchedule::Time now_ = std::chrono::steady_clock::now();
  std::uint64_t number_ = 0;
  const OrderWatchOptions options_{
      .poll_first_ms = 1'000, .poll_max_ms = 4'000, .settle_ms = 2'000};
  FetchSchedule schedule_{options_};
};

TEST_F(Schedule, TheEarlierOfTwoRequestsStandsAndReadsKeepAGap) {
  schedule_.Request(FetchReason::kPoll, now_ + milliseconds(300));
  schedule_.Request(FetchReason::kSnapshot, now_);
  schedule_.Request(FetchReason::kPoll, now_ + milliseconds(100));
  EXPECT_EQ(Wait(), milliseconds(0));
  EXPECT_EQ(schedule_.why(), FetchReason::kSnapshot);
  Fetch();
  EXPECT_FALSE(schedule_.pending());
  schedule_.Request(FetchReason::kUnproven, now_);
  EXPECT_EQ(Wait(), milliseconds(500));
  schedule_.RequestUnauthenticated(now_);
  EXPECT_EQ(Wait(), milliseconds(500));
}

TEST_F(Schedule, MissedNotificationsAreCaughtUpAlsoDuringARead) {
  schedule_.CatchUp(now_ + milliseconds(700));
  EXPECT_EQ(Wait(), milliseconds(700));
  EXPECT_EQ(schedule_.why(), FetchReason::kPoll);
  now_ = schedule_.due();
  ASSERT_TRUE(schedule_.Begin(now_, ++number_));
  schedule_.CatchUp(now_ + milliseconds(100));  // The read may have begun before what was missed.
  ASSERT_TRUE(schedule_.End(number_));
  EXPECT_TRUE(schedule_.RequestAgain(now_));
  EXPECT_EQ(Wait(), milliseconds(500));
}

TEST_F(Schedule, ARequestDuringAReadFollowsItAndAPollDoesNot) {
  for (const FetchReason why : {FetchReason::kUnproven, FetchReason::kPoll}) {
    schedule_.Request(FetchReason::kSnapshot, now_);
    now_ = schedule_.due();
    ASSERT_TRUE(schedule_.Begin(now_, ++number_));
    schedule_.Request(why, now_);
    EXPECT_FALSE(schedule_.pending());
    EXPECT_FALSE(schedule_.End(number_ + 1));
    EXPECT_TRUE(schedule_.End(number_));
    EXPECT_EQ(schedule_.RequestAgain(now_), why == FetchReason::kUnproven);
  }
}

TEST_F(Schedule, PollsBackOffAndAChangeBeginsAnew) {
  for (const std::int64_t wait : {1'000, 2'000, 4'000, 4'000}) {
    schedule_.RequestPoll(now_, false);
    EXPECT_GE(Wait().count(), wait / 2);
    EXPECT_LT(Wait().count(), wait * 3 / 2);
    now_ = schedule_.due();
    Fetch();
  }
  schedule_.OnAccepted(now_, true);
  schedule_.RequestPoll(now_, false);
  EXPECT_LT(Wait().count(), 1'500);
  schedule_.CancelPoll();
  EXPECT_FALSE(schedule_.pending());
}

TEST_F(Schedule, ProofComesAfterTheSettleTime) {
  schedule_.Request(FetchReason::kSnapshot, now_);
  Fetch();
  schedule_.RequestProof(now_);
  EXPECT_EQ(Wait(), milliseconds(2'000));
  schedule_.RequestPoll(now_, false);
  EXPECT_LE(Wait(), milliseconds(2'000));
}

}  // namespace
}  // namespace msp::webhooks
