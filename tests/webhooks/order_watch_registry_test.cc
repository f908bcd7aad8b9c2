// SPDX-License-Identifier: Apache-2.0

// The event core in a time of its own: what watchers are told, how often the order is looked at.
#include "service/webhooks/order_watch_registry.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/webhooks/core.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

namespace v1 = multisafepay::v1;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Core, TellsTheStateNowThenTheChangeAndEndsAtPaid) {
  RecordingWatcher watcher;
  Watch(watcher);
  Notify(OrderOf("completed", "completed", 2));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(watcher.ended, "end");
  EXPECT_EQ(looks, 1);
  registry.Leave(&watcher);
}

TEST_F(Core, GoesOnWhileTheMoneyIsOnItsWayAndEndsWhenItHasCome) {
  RecordingWatcher watcher;
  Watch(watcher);
  Notify(OrderOf("completed", "uncleared", 2, "77", "MULTIBANCO"));
  Pass(seconds(1));
  EXPECT_EQ(watcher.ended, "");
  record = OrderOf("completed", "completed", 3, "77", "MULTIBANCO");
  Pass(seconds(60));
  EXPECT_THAT(watcher.heard,
              ElementsAre("PENDING/SNAPSHOT", "PROCESSING/NOTIFICATION", "PAID/LOOKUP"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, EndsWhenPayPalHasCollected) {
  RecordingWatcher watcher;
  Watch(watcher);
  Notify(OrderOf("completed", "initialized", 2, "77", "PAYPAL"));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, TellsOnceWhatComesTwiceAndLate) {
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  for (int i = 0; i < 3; ++i) Notify(OrderOf("completed", "completed", 2));
  Notify(OrderOf("initialized", "initialized", 1));
  Pass(seconds(3));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(watcher.ended, "");
  EXPECT_EQ(looks, 1);
  registry.Leave(&watcher);
}

TEST_F(Core, AMissedNotificationIsMadeGoodByALook) {
  RecordingWatcher watcher;
  Watch(watcher);
  record = OrderOf("completed", "completed", 2);
  Pass(seconds(8));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, LooksEverLessOftenAndOnceForAllWatchers) {
  RecordingWatcher first;
  RecordingWatcher second;
  Watch(first);
  Watch(second);
  Pass(seconds(3'600));
  // 5, 10, 20, then every 40 seconds, each half to one and a half times as long.
  EXPECT_GT(looks, 60);
  EXPECT_LT(looks, 130);
  const int before = looks;
  registry.Leave(&first);
  registry.Leave(&second);
  Pass(seconds(600));
  EXPECT_EQ(looks, before);
  EXPECT_EQ(counters.orders.load(), 0);
  EXPECT_EQ(counters.watchers.load(), 0);
}

TEST_F(Core, ARefundsBodyLeadsToALookAndIsNeverTheState) {
  record = OrderOf("completed", "completed", 1);
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  record = OrderOf("partial_refunded", "completed", 3);
  Notify(OrderOf("completed", "completed", 3, "88"));
  Notify(OrderOf("reserved", "reserved", 3, "88"));
  Pass(seconds(1));
  EXPECT_THAT(watcher.heard, ElementsAre("PAID/SNAPSHOT", "PARTIALLY_REFUNDED/LOOKUP"));
  EXPECT_EQ(looks, 2);
  registry.Leave(&watcher);
}

TEST_F(Core, StaysAQuietTimeAtADeclineThatCanStillBecomePaid) {
  record = OrderOf("declined", "declined", 1);
  RecordingWatcher watcher;
  Watch(watcher);
  Pass(seconds(4));
  EXPECT_EQ(watcher.ended, "");
  Notify(OrderOf("completed", "completed", 4));
  EXPECT_THAT(watcher.heard, ElementsAre("DECLINED/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
  RecordingWatcher patient;
  record = OrderOf("expired", "expired", 9);
  Watch(patient);
  Pass(seconds(6));
  EXPECT_EQ(patient.ended, "end");
  registry.Leave(&patient);
}

TEST_F(Core, ANotificationThatOvertakesTheFirstLookIsNotLost) {
  hold = true;
  RecordingWatcher watcher;
  Watch(watcher);
  Notify(OrderOf("completed", "completed", 2));
  EXPECT_THAT(watcher.heard, IsEmpty());
  Return();
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  registry.Leave(&watcher);
}

TEST_F(Core, AnAnswerThatWasOvertakenDoesNotTurnTheStateBack) {
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  hold = true;
  const v1::Order old = *record;
  Pass(seconds(8));  // A look is under way.
  ASSERT_EQ(waiting.size(), 1u);
  Notify(OrderOf("completed", "completed", 5));
  record = old;
  Return();
  hold = false;
  record = OrderOf("completed", "completed", 5);
  Pass(seconds(2));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  registry.Leave(&watcher);
}

TEST_F(Core, WhatTheCallerHasSeenIsNotSentAgain) {
  RecordingWatcher first;
  Watch(first);
  registry.Leave(&first);
  RecordingWatcher again;
  Watch(again, false, 0, first.last_sent);
  EXPECT_THAT(again.heard, IsEmpty());
  Notify(OrderOf("completed", "completed", 2));
  EXPECT_THAT(again.heard, ElementsAre("PAID/NOTIFICATION"));
  registry.Leave(&again);
  // A paid order that was seen: nothing to say, and the end.
  record = OrderOf("completed", "completed", 2);
  RecordingWatcher late;
  Watch(late, false, 0, again.last_sent);
  EXPECT_THAT(late.heard, IsEmpty());
  EXPECT_EQ(late.ended, "end");
  registry.Leave(&late);
}

TEST_F(Core, BeatsWhileNothingHappens) {
  RecordingWatcher watcher;
  Watch(watcher, false, 1'000);
  Pass(milliseconds(3'500));
  EXPECT_EQ(watcher.beats, 3);
  registry.Leave(&watcher);
}

TEST_F(Core, UnprovenHintsAreBounded) {
  RecordingWatcher watcher;
  Watch(watcher);
  for (int i = 0; i < 1'000; ++i) {
    registry.NotifyUnauthenticated("shop", "o-1");
    registry.NotifyUnauthenticated("shop", "nobody-watches-this");
    Pass(milliseconds(100));
  }
  EXPECT_LT(looks, 40);  // 100 seconds, a look in five at most, and the poll's own.
  EXPECT_GT(looks, 10);
  registry.Leave(&watcher);
}

TEST_F(Core, AnOrderThatIsNotThereEndsTheStreamWithThatError) {
  record.reset();
  RecordingWatcher watcher;
  Watch(watcher);
  EXPECT_EQ(watcher.ended, "MSP_1006");
  registry.Leave(&watcher);
}

TEST_F(Core, OutagesLaterOnAreSatOut) {
  RecordingWatcher watcher;
  Watch(watcher);
  const auto known = record;
  record.reset();
  Pass(seconds(60));
  EXPECT_EQ(watcher.ended, "");
  record = OrderOf("completed", "completed", 9);
  Pass(seconds(61));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, RefusesMoreWatchersThanItTakesAndAllWhenItLeaves) {
  RecordingWatcher ears[3];
  for (RecordingWatcher& watcher : ears) Watch(watcher);
  RecordingWatcher fourth;
  const auto full = registry.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->code, absl::StatusCode::kResourceExhausted);
  registry.Drain();
  for (RecordingWatcher& watcher : ears) {
    EXPECT_EQ(watcher.ended, "SHUTTING_DOWN");
    registry.Leave(&watcher);
  }
  const auto leaving = registry.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->code, absl::StatusCode::kUnavailable);
  EXPECT_GE(leaving->retry_after_ms, 0);
  registry.RunExpired();
  EXPECT_EQ(counters.orders.load(), 0);
}

TEST_F(Core, CatchesUpAfterEventsMayHaveBeenLost) {
  RecordingWatcher watcher;
  Watch(watcher);
  Pass(seconds(1));
  record = OrderOf("completed", "completed", 2);
  registry.CatchUp();
  Pass(milliseconds(300));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  registry.Leave(&watcher);
}

// `modified` is a wall clock's: it goes back when that is set, and once a year by an hour.
TEST_F(Core, AStateWhoseModifiedWentBackIsToldOnceASecondReadConfirmsIt) {
  record = OrderOf("initialized", "initialized", 5);
  RecordingWatcher watcher;
  Watch(watcher);
  record = OrderOf("completed", "completed", 4);
  Pass(seconds(9));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, ANotificationWhoseModifiedWentBackLeadsToReads) {
  record = OrderOf("initialized", "initialized", 5);
  RecordingWatcher watcher;
  Watch(watcher);
  Pass(seconds(2));
  record = OrderOf("completed", "completed", 4);
  Notify(OrderOf("completed", "completed", 4));
  Pass(seconds(3));
  EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  registry.Leave(&watcher);
}

TEST_F(Core, ReadsThatLagBehindDoNotTurnTheStateBack) {
  for (const int second : {1, 2}) {  // Of the older state; the newer one's is 2.
    record = OrderOf("initialized", "initialized", second);
    RecordingWatcher watcher;
    Watch(watcher, /*follow=*/true);
    Notify(OrderOf("completed", "completed", 2));
    Pass(milliseconds(1'500));
    RecordingWatcher
        second_ear;  // Has the order read; the reads go on showing the older state for 2.9 seconds.
    Watch(second_ear, /*follow=*/true);
    Pass(milliseconds(1'400));
    EXPECT_THAT(second_ear.heard, ElementsAre("PAID/SNAPSHOT")) << second;
    record = OrderOf("completed", "completed", 2);
    const int before = looks;
    Pass(seconds(20));
    EXPECT_THAT(watcher.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION")) << second;
    EXPECT_THAT(second_ear.heard, ElementsAre("PAID/SNAPSHOT")) << second;
    EXPECT_LE(looks, before + 2);
    registry.Leave(&watcher);
    registry.Leave(&second_ear);
    registry.RunExpired();
  }
}

TEST_F(Core, AnEndedPaymentIsOpenAgainOnlyWhenASecondReadConfirmsIt) {
  record = OrderOf("declined", "declined", 2);
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  Pass(seconds(5));
  record = OrderOf("initialized", "initialized", 6);  // A new attempt.
  registry.NotifyUnauthenticated("shop", "o-1");
  Pass(milliseconds(300));
  EXPECT_THAT(watcher.heard, ElementsAre("DECLINED/SNAPSHOT"));
  Pass(seconds(1));
  EXPECT_THAT(watcher.heard, ElementsAre("DECLINED/SNAPSHOT", "PENDING/LOOKUP"));
  registry.Leave(&watcher);
}

// The second stream is another replica's, whose reads lag behind.
TEST_F(Core, AResumedStreamNeverGoesBack) {
  for (const int second : {1, 2, 3}) {  // Of the older state; the newer one's is 2.
    const v1::Order paid = OrderOf("completed", "completed", 2);
    record = OrderOf("initialized", "initialized", second);
    RecordingWatcher watcher;
    Watch(watcher, /*follow=*/false, 0, LastSentOf(StateOf(paid, 0)));
    Pass(milliseconds(2'900));
    EXPECT_THAT(watcher.heard, IsEmpty()) << second;
    record = paid;
    Pass(seconds(20));
    EXPECT_THAT(watcher.heard, IsEmpty()) << second;
    EXPECT_EQ(watcher.ended, "end");
    EXPECT_LE(looks, 3);
    looks = 0;
    registry.Leave(&watcher);
    registry.RunExpired();
  }
}

TEST_F(Core, AResumedStreamBesideAnotherThatIsBehindDoesNotGoBackEither) {
  RecordingWatcher behind;
  Watch(behind, /*follow=*/true);
  const v1::Order paid = OrderOf("completed", "completed", 2);
  RecordingWatcher resumed;
  Watch(resumed, /*follow=*/true, 0, LastSentOf(StateOf(paid, 0)));
  EXPECT_THAT(resumed.heard, IsEmpty());
  record = paid;
  Pass(seconds(5));
  EXPECT_THAT(behind.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  EXPECT_THAT(resumed.heard, IsEmpty());
  record = OrderOf("refunded", "completed", 4);
  Notify(OrderOf("completed", "completed", 4, "88"));
  Pass(seconds(1));
  EXPECT_THAT(resumed.heard, ElementsAre("REFUNDED/LOOKUP"));
  registry.Leave(&behind);
  registry.Leave(&resumed);
}

TEST_F(Core, AResumedStreamIsToldWhatComesAfterAtOnce) {
  const State pending = StateOf(*record, 0);
  for (const int second : {1, 2}) {
    record = OrderOf("completed", "completed", second);
    RecordingWatcher watcher;
    Watch(watcher, /*follow=*/false, 0, LastSentOf(pending));
    EXPECT_THAT(watcher.heard, ElementsAre("PAID/SNAPSHOT"));
    registry.Leave(&watcher);
    registry.RunExpired();
  }
}

TEST_F(Core, AResumedStreamIsToldAStateWhoseModifiedWentBackOnceItIsConfirmed) {
  const State paid = StateOf(OrderOf("completed", "completed", 5), 0);
  record = OrderOf("refunded", "completed", 4);
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/false, 0, LastSentOf(paid));
  Pass(seconds(5));
  EXPECT_THAT(watcher.heard, ElementsAre("REFUNDED/SNAPSHOT"));
  EXPECT_EQ(watcher.ended, "end");
  registry.Leave(&watcher);
}

TEST_F(Core, ATokenOfAnotherOrderEndsTheStream) {
  LastSent other = LastSentOf(StateOf(*record, 0));
  other.order_mark = OrderMark("o-2");
  RecordingWatcher watcher;
  Watch(watcher, false, 0, other);
  EXPECT_THAT(watcher.heard, IsEmpty());
  EXPECT_EQ(watcher.ended, "INVALID_REQUEST");
  registry.Leave(&watcher);
}

TEST_F(Core, ASecondWatcherIsToldWhatIsKnownThoughTheReadFails) {
  RecordingWatcher first;
  Watch(first);
  Pass(seconds(2));
  record.reset();
  RecordingWatcher second;
  Watch(second);
  EXPECT_THAT(second.heard, ElementsAre("PENDING/SNAPSHOT"));
  EXPECT_EQ(second.ended, "");
  registry.Leave(&first);
  registry.Leave(&second);
}

TEST_F(Core, ASecondWatcherOfAPaidOrderEndsAfterTheReadThatFinishesIt) {
  record = OrderOf("completed", "completed", 1);
  RecordingWatcher first;
  Watch(first, /*follow=*/true);
  Pass(seconds(2));
  hold = true;
  RecordingWatcher second;
  Watch(second);
  EXPECT_THAT(second.heard, ElementsAre("PAID/SNAPSHOT"));
  EXPECT_EQ(second.ended, "");  // It may have been refunded since.
  Return();
  EXPECT_EQ(second.ended, "end");
  RecordingWatcher third;  // The read of this one never comes back.
  Pass(seconds(2));
  Watch(third);
  Pass(seconds(6));
  EXPECT_THAT(third.heard, ElementsAre("PAID/SNAPSHOT"));
  EXPECT_EQ(third.ended, "end");
  registry.Leave(&first);
  registry.Leave(&second);
  registry.Leave(&third);
}

TEST_F(Core, AFailedFirstReadIsRepeatedWhereANotificationHasProvenTheOrder) {
  hold = true;
  RecordingWatcher first;
  Watch(first);
  Notify(OrderOf("completed", "completed", 2));
  RecordingWatcher second;
  Watch(second);
  const auto known = record;
  record.reset();
  Return();
  EXPECT_EQ(first.ended, "");
  EXPECT_EQ(second.ended, "");
  hold = false;
  record = known;
  Pass(seconds(1));
  for (RecordingWatcher* watcher : {&first, &second}) {
    EXPECT_THAT(watcher->heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
    EXPECT_EQ(watcher->ended, "end");
    registry.Leave(watcher);
  }
}

TEST_F(Core, ReadsThatGoOnFailingEndTheStreamAllTheSame) {
  record.reset();
  hold = true;
  RecordingWatcher watcher;
  Watch(watcher);
  Notify(OrderOf("completed", "completed", 2));
  hold = false;
  Return();
  Pass(seconds(30));
  EXPECT_EQ(watcher.ended, "MSP_1006");
  EXPECT_LE(looks, 6);
  registry.Leave(&watcher);
}

TEST_F(Core, FollowReadsOnRarelyAfterADecline) {
  record = OrderOf("declined", "declined", 1);
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  record = OrderOf("completed", "completed", 9);
  Pass(seconds(61));
  EXPECT_THAT(watcher.heard, ElementsAre("DECLINED/SNAPSHOT", "PAID/LOOKUP"));
  registry.Leave(&watcher);
}

TEST_F(Core, FollowReadsOnRarelyAfterPaidAndFindsARefundAndAChargeback) {
  record = OrderOf("completed", "completed", 1);
  RecordingWatcher watcher;
  Watch(watcher, /*follow=*/true);
  Pass(seconds(7'200));
  // Every 40 seconds at first, at last every 480: half to one and a half times as long.
  EXPECT_GE(looks, 12);
  EXPECT_LE(looks, 35);
  record = OrderOf("partial_refunded", "completed", 20);
  Pass(seconds(721));
  record = OrderOf("chargedback", "completed", 30);
  Pass(seconds(721));
  EXPECT_THAT(watcher.heard,
              ElementsAre("PAID/SNAPSHOT", "PARTIALLY_REFUNDED/LOOKUP", "CHARGED_BACK/LOOKUP"));
  registry.Leave(&watcher);
}

TEST_F(Core, WithoutFollowNothingIsReadAfterTheEnd) {
  record = OrderOf("declined", "declined", 1);
  RecordingWatcher watcher;
  Watch(watcher);
  Pass(seconds(4));
  EXPECT_EQ(looks, 1);
  registry.Leave(&watcher);
}

TEST_F(Core, AnOrderNamedByMultiSafepaysIdIsWatchedByItsOwn) {
  RecordingWatcher own;
  RecordingWatcher alias;
  Watch(alias, /*follow=*/true, 0, {}, "77");
  EXPECT_TRUE(registry.Watches("shop", "o-1"));
  EXPECT_FALSE(registry.Watches("shop", "77"));
  Notify(OrderOf("completed", "completed", 2));
  EXPECT_THAT(alias.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  record = OrderOf("completed", "completed", 2);
  Pass(seconds(1));
  EXPECT_EQ(read_id, "o-1");
  Watch(own, /*follow=*/true);
  RecordingWatcher late;
  Watch(late, /*follow=*/true, 0, alias.last_sent, "77");
  EXPECT_EQ(counters.orders.load(), 1);
  record = OrderOf("refunded", "completed", 5);
  Notify(OrderOf("completed", "completed", 5, "88"));
  Pass(seconds(1));
  EXPECT_THAT(own.heard, ElementsAre("PAID/SNAPSHOT", "REFUNDED/LOOKUP"));
  EXPECT_THAT(late.heard, ElementsAre("REFUNDED/LOOKUP"));
  registry.Leave(&own);
  registry.Leave(&alias);
  registry.Leave(&late);
  registry.RunExpired();
  EXPECT_EQ(counters.orders.load(), 0);
}

}  // namespace
}  // namespace msp::webhooks
