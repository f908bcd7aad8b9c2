// SPDX-License-Identifier: Apache-2.0

// The order watch registry on a clock of its own: what watchers receive, how often the order is
// read.
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

TEST_F(Core, SendsTheSnapshotThenTheChangeAndEndsAtPaid) {
  Watch(watcher);
  ReceiveNotification(OrderOf("completed", "completed", 2));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION", "end"));
  EXPECT_EQ(fetches, 1);
}

TEST_F(Core, GoesOnWhileTheMoneyIsOnItsWayAndEndsWhenItHasCome) {
  Watch(watcher);
  ReceiveNotification(OrderOf("completed", "uncleared", 2, "77", "MULTIBANCO"));
  Pass(seconds(1));
  EXPECT_EQ(watcher.ended, "");
  record = OrderOf("completed", "completed", 3, "77", "MULTIBANCO");
  Pass(seconds(60));
  EXPECT_THAT(watcher.received,
              ElementsAre("PENDING/SNAPSHOT", "PROCESSING/NOTIFICATION", "PAID/LOOKUP", "end"));
}

TEST_F(Core, EndsWhenPayPalHasCollected) {
  Watch(watcher);
  ReceiveNotification(OrderOf("completed", "initialized", 2, "77", "PAYPAL"));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION", "end"));
}

TEST_F(Core, SendsOnceWhatArrivesTwiceAndLate) {
  Watch(watcher, /*follow=*/true);
  for (int i = 0; i < 3; ++i) ReceiveNotification(OrderOf("completed", "completed", 2));
  ReceiveNotification(OrderOf("initialized", "initialized", 1));
  Pass(seconds(3));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(fetches, 1);
}

TEST_F(Core, AMissedNotificationIsMadeGoodByARead) {
  Watch(watcher);
  record = OrderOf("completed", "completed", 2);
  Pass(seconds(8));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

TEST_F(Core, PollsWithBackoffAndOnceForAllWatchers) {
  RecordingWatcher first;
  RecordingWatcher second;
  Watch(first);
  Watch(second);
  Pass(seconds(3'600));
  // 5, 10, 20, then every 40 seconds, each half to one and a half times as long.
  EXPECT_GT(fetches, 60);
  EXPECT_LT(fetches, 130);
  const int before = fetches;
  registry.Leave(&first);
  registry.Leave(&second);
  Pass(seconds(600));
  EXPECT_EQ(fetches, before);
  EXPECT_EQ(counters.orders.load(), 0);
  EXPECT_EQ(counters.watchers.load(), 0);
}

TEST_F(Core, ARefundsBodyLeadsToAReadAndIsNeverTheState) {
  record = OrderOf("completed", "completed", 1);
  Watch(watcher, /*follow=*/true);
  record = OrderOf("partial_refunded", "completed", 3);
  ReceiveNotification(OrderOf("completed", "completed", 3, "88"));
  ReceiveNotification(OrderOf("reserved", "reserved", 3, "88"));
  Pass(seconds(1));
  EXPECT_THAT(watcher.received, ElementsAre("PAID/SNAPSHOT", "PARTIALLY_REFUNDED/LOOKUP"));
  EXPECT_EQ(fetches, 2);
}

TEST_F(Core, StaysOpenForTheQuietTimeAfterADeclineThatCanStillBecomePaid) {
  record = OrderOf("declined", "declined", 1);
  Watch(watcher);
  Pass(seconds(4));
  EXPECT_EQ(watcher.ended, "");
  ReceiveNotification(OrderOf("completed", "completed", 4));
  EXPECT_THAT(watcher.received, ElementsAre("DECLINED/SNAPSHOT", "PAID/NOTIFICATION", "end"));
  registry.Leave(&watcher);
  RecordingWatcher patient;
  record = OrderOf("expired", "expired", 9);
  Watch(patient);
  Pass(seconds(6));
  EXPECT_EQ(patient.ended, "end");
}

TEST_F(Core, ANotificationThatOvertakesTheFirstReadIsNotLost) {
  hold = true;
  Watch(watcher);
  ReceiveNotification(OrderOf("completed", "completed", 2));
  EXPECT_THAT(watcher.received, IsEmpty());
  Return();
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION", "end"));
}

TEST_F(Core, AnAnswerThatWasOvertakenDoesNotTurnTheStateBack) {
  Watch(watcher, /*follow=*/true);
  hold = true;
  const v1::Order old = *record;
  Pass(seconds(8));  // A read is under way.
  ASSERT_EQ(waiting.size(), 1u);
  ReceiveNotification(OrderOf("completed", "completed", 5));
  record = old;
  Return();
  hold = false;
  record = OrderOf("completed", "completed", 5);
  Pass(seconds(2));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
}

TEST_F(Core, WhatTheCallerHasSeenIsNotSentAgain) {
  RecordingWatcher first;
  Watch(first);
  registry.Leave(&first);
  RecordingWatcher again;
  Watch(again, false, 0, first.last_sent);
  EXPECT_THAT(again.received, IsEmpty());
  ReceiveNotification(OrderOf("completed", "completed", 2));
  EXPECT_THAT(again.received, ElementsAre("PAID/NOTIFICATION", "end"));
  registry.Leave(&again);
  // A paid order that was seen: nothing to send, and the end.
  record = OrderOf("completed", "completed", 2);
  RecordingWatcher late;
  Watch(late, false, 0, again.last_sent);
  EXPECT_THAT(late.received, ElementsAre("end"));
}

TEST_F(Core, SendsHeartbeatsWhileNothingHappens) {
  Watch(watcher, false, 1'000);
  Pass(milliseconds(3'500));
  EXPECT_EQ(watcher.beats, 3);
}

TEST_F(Core, ReadsForUnauthenticatedNotificationsAreBounded) {
  Watch(watcher);
  for (int i = 0; i < 1'000; ++i) {
    registry.OnUnauthenticatedNotification("shop", "o-1");
    registry.OnUnauthenticatedNotification("shop", "nobody-watches-this");
    Pass(milliseconds(100));
  }
  EXPECT_LT(fetches, 40);  // 100 seconds, a read in five at most, and the poll's own.
  EXPECT_GT(fetches, 10);
}

TEST_F(Core, AnOrderThatIsNotThereEndsTheStreamWithThatError) {
  record.reset();
  Watch(watcher);
  EXPECT_EQ(watcher.ended, "MSP_1006");
}

TEST_F(Core, AnOutageAfterTheFirstReadDoesNotEndTheStream) {
  Watch(watcher);
  const auto known = record;
  record.reset();
  Pass(seconds(60));
  EXPECT_EQ(watcher.ended, "");
  record = OrderOf("completed", "completed", 9);
  Pass(seconds(61));
  EXPECT_EQ(watcher.ended, "end");
}

TEST_F(Core, RefusesWatchersBeyondTheLimitAndAllWhileDraining) {
  RecordingWatcher watchers[3];
  for (RecordingWatcher& each : watchers) Watch(each);
  RecordingWatcher fourth;
  const auto full = registry.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->code, absl::StatusCode::kResourceExhausted);
  registry.Drain();
  for (RecordingWatcher& each : watchers) {
    EXPECT_EQ(each.ended, "SHUTTING_DOWN");
    registry.Leave(&each);
  }
  const auto leaving = registry.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->code, absl::StatusCode::kUnavailable);
  EXPECT_GE(leaving->retry_after_ms, 0);
  registry.RunExpired();
  EXPECT_EQ(counters.orders.load(), 0);
}

TEST_F(Core, CatchesUpAfterEventsMayHaveBeenLost) {
  Watch(watcher);
  Pass(seconds(1));
  record = OrderOf("completed", "completed", 2);
  registry.CatchUp();
  Pass(milliseconds(300));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

// `modified` is a wall clock's: it goes back when that is set, and once a year by an hour.
TEST_F(Core, AStateWhoseModifiedWentBackIsSentOnceASecondReadConfirmsIt) {
  record = OrderOf("initialized", "initialized", 5);
  Watch(watcher);
  record = OrderOf("completed", "completed", 4);
  Pass(seconds(9));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

TEST_F(Core, ANotificationWhoseModifiedWentBackLeadsToReads) {
  record = OrderOf("initialized", "initialized", 5);
  Watch(watcher);
  Pass(seconds(2));
  record = OrderOf("completed", "completed", 4);
  ReceiveNotification(OrderOf("completed", "completed", 4));
  Pass(seconds(3));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

TEST_F(Core, ReadsThatLagBehindDoNotTurnTheStateBack) {
  for (const int second : {1, 2}) {  // Of the older state; the newer one's is 2.
    record = OrderOf("initialized", "initialized", second);
    RecordingWatcher first;
    Watch(first, /*follow=*/true);
    ReceiveNotification(OrderOf("completed", "completed", 2));
    Pass(milliseconds(1'500));
    // Has the order read; the reads go on showing the older state for 2.9 seconds.
    RecordingWatcher late;
    Watch(late, /*follow=*/true);
    Pass(milliseconds(1'400));
    EXPECT_THAT(late.received, ElementsAre("PAID/SNAPSHOT")) << second;
    record = OrderOf("completed", "completed", 2);
    const int before = fetches;
    Pass(seconds(20));
    EXPECT_THAT(first.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION")) << second;
    EXPECT_THAT(late.received, ElementsAre("PAID/SNAPSHOT")) << second;
    EXPECT_LE(fetches, before + 2);
    registry.Leave(&first);
    registry.Leave(&late);
    registry.RunExpired();
  }
}

TEST_F(Core, AnEndedPaymentIsOpenAgainOnlyWhenASecondReadConfirmsIt) {
  record = OrderOf("declined", "declined", 2);
  Watch(watcher, /*follow=*/true);
  Pass(seconds(5));
  record = OrderOf("initialized", "initialized", 6);  // A new attempt.
  registry.OnUnauthenticatedNotification("shop", "o-1");
  Pass(milliseconds(300));
  EXPECT_THAT(watcher.received, ElementsAre("DECLINED/SNAPSHOT"));
  Pass(seconds(1));
  EXPECT_THAT(watcher.received, ElementsAre("DECLINED/SNAPSHOT", "PENDING/LOOKUP"));
}

// The second stream is another replica's, whose reads lag behind.
TEST_F(Core, AResumedStreamNeverGoesBack) {
  for (const int second : {1, 2, 3}) {  // Of the older state; the newer one's is 2.
    const v1::Order paid = OrderOf("completed", "completed", 2);
    record = OrderOf("initialized", "initialized", second);
    RecordingWatcher resumed;
    Watch(resumed, /*follow=*/false, 0, LastSentOf(StateOf(paid, 0)));
    Pass(milliseconds(2'900));
    EXPECT_THAT(resumed.received, IsEmpty()) << second;
    record = paid;
    Pass(seconds(20));
    EXPECT_THAT(resumed.received, ElementsAre("end")) << second;
    EXPECT_LE(fetches, 3);
    fetches = 0;
    registry.Leave(&resumed);
    registry.RunExpired();
  }
}

TEST_F(Core, AResumedStreamBesideAnotherThatIsBehindDoesNotGoBackEither) {
  RecordingWatcher behind;
  Watch(behind, /*follow=*/true);
  const v1::Order paid = OrderOf("completed", "completed", 2);
  RecordingWatcher resumed;
  Watch(resumed, /*follow=*/true, 0, LastSentOf(StateOf(paid, 0)));
  EXPECT_THAT(resumed.received, IsEmpty());
  record = paid;
  Pass(seconds(5));
  EXPECT_THAT(behind.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  EXPECT_THAT(resumed.received, IsEmpty());
  record = OrderOf("refunded", "completed", 4);
  ReceiveNotification(OrderOf("completed", "completed", 4, "88"));
  Pass(seconds(1));
  EXPECT_THAT(resumed.received, ElementsAre("REFUNDED/LOOKUP"));
}

TEST_F(Core, AResumedStreamReceivesLaterStatesAtOnce) {
  const OrderState pending = StateOf(*record, 0);
  for (const int second : {1, 2}) {
    record = OrderOf("completed", "completed", second);
    RecordingWatcher resumed;
    Watch(resumed, /*follow=*/false, 0, LastSentOf(pending));
    EXPECT_THAT(resumed.received, ElementsAre("PAID/SNAPSHOT", "end"));
    registry.Leave(&resumed);
    registry.RunExpired();
  }
}

TEST_F(Core, AResumedStreamReceivesAStateWhoseModifiedWentBackOnceItIsConfirmed) {
  const OrderState paid = StateOf(OrderOf("completed", "completed", 5), 0);
  record = OrderOf("refunded", "completed", 4);
  Watch(watcher, /*follow=*/false, 0, LastSentOf(paid));
  Pass(seconds(5));
  EXPECT_THAT(watcher.received, ElementsAre("REFUNDED/SNAPSHOT", "end"));
}

TEST_F(Core, ATokenOfAnotherOrderEndsTheStream) {
  LastSent other = LastSentOf(StateOf(*record, 0));
  other.order_mark = OrderMark("o-2");
  Watch(watcher, false, 0, other);
  EXPECT_THAT(watcher.received, ElementsAre("INVALID_REQUEST"));
}

TEST_F(Core, ASecondWatcherReceivesTheKnownStateThoughTheReadFails) {
  RecordingWatcher first;
  Watch(first);
  Pass(seconds(2));
  record.reset();
  RecordingWatcher second;
  Watch(second);
  EXPECT_THAT(second.received, ElementsAre("PENDING/SNAPSHOT"));
}

TEST_F(Core, ASecondWatcherOfAPaidOrderEndsAfterTheReadThatFinishesIt) {
  record = OrderOf("completed", "completed", 1);
  RecordingWatcher first;
  Watch(first, /*follow=*/true);
  Pass(seconds(2));
  hold = true;
  RecordingWatcher second;
  Watch(second);
  EXPECT_THAT(second.received, ElementsAre("PAID/SNAPSHOT"));  // It may have been refunded since.
  Return();
  EXPECT_EQ(second.ended, "end");
  RecordingWatcher third;  // The read of this one never comes back.
  Pass(seconds(2));
  Watch(third);
  Pass(seconds(6));
  EXPECT_THAT(third.received, ElementsAre("PAID/SNAPSHOT", "end"));
}

TEST_F(Core, AFailedFirstReadIsRepeatedWhereANotificationHasProvenTheOrder) {
  hold = true;
  RecordingWatcher first;
  Watch(first);
  ReceiveNotification(OrderOf("completed", "completed", 2));
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
  for (const RecordingWatcher* each : {&first, &second}) {
    EXPECT_THAT(each->received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION", "end"));
  }
}

TEST_F(Core, ReadsThatGoOnFailingEndTheStreamAllTheSame) {
  record.reset();
  hold = true;
  Watch(watcher);
  ReceiveNotification(OrderOf("completed", "completed", 2));
  hold = false;
  Return();
  Pass(seconds(30));
  EXPECT_EQ(watcher.ended, "MSP_1006");
  EXPECT_LE(fetches, 6);
}

TEST_F(Core, FollowReadsOnRarelyAfterADecline) {
  record = OrderOf("declined", "declined", 1);
  Watch(watcher, /*follow=*/true);
  record = OrderOf("completed", "completed", 9);
  Pass(seconds(61));
  EXPECT_THAT(watcher.received, ElementsAre("DECLINED/SNAPSHOT", "PAID/LOOKUP"));
}

TEST_F(Core, FollowReadsOnRarelyAfterPaidAndFindsARefundAndAChargeback) {
  record = OrderOf("completed", "completed", 1);
  Watch(watcher, /*follow=*/true);
  Pass(seconds(7'200));
  // Every 40 seconds at first, at last every 480: half to one and a half times as long.
  EXPECT_GE(fetches, 12);
  EXPECT_LE(fetches, 35);
  record = OrderOf("partial_refunded", "completed", 20);
  Pass(seconds(721));
  record = OrderOf("chargedback", "completed", 30);
  Pass(seconds(721));
  EXPECT_THAT(watcher.received,
              ElementsAre("PAID/SNAPSHOT", "PARTIALLY_REFUNDED/LOOKUP", "CHARGED_BACK/LOOKUP"));
}

TEST_F(Core, WithoutFollowNothingIsReadAfterTheEnd) {
  record = OrderOf("declined", "declined", 1);
  Watch(watcher);
  Pass(seconds(4));
  EXPECT_EQ(fetches, 1);
}

TEST_F(Core, AnOrderNamedByMultiSafepaysIdIsWatchedByItsOwn) {
  RecordingWatcher own;
  RecordingWatcher alias;
  Watch(alias, /*follow=*/true, 0, {}, "77");
  EXPECT_TRUE(registry.Watches("shop", "o-1"));
  EXPECT_FALSE(registry.Watches("shop", "77"));
  ReceiveNotification(OrderOf("completed", "completed", 2));
  EXPECT_THAT(alias.received, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  record = OrderOf("completed", "completed", 2);
  Pass(seconds(1));
  EXPECT_EQ(read_id, "o-1");
  Watch(own, /*follow=*/true);
  RecordingWatcher late;
  Watch(late, /*follow=*/true, 0, alias.last_sent, "77");
  EXPECT_EQ(counters.orders.load(), 1);
  record = OrderOf("refunded", "completed", 5);
  ReceiveNotification(OrderOf("completed", "completed", 5, "88"));
  Pass(seconds(1));
  EXPECT_THAT(own.received, ElementsAre("PAID/SNAPSHOT", "REFUNDED/LOOKUP"));
  EXPECT_THAT(late.received, ElementsAre("REFUNDED/LOOKUP"));
  registry.Leave(&own);
  registry.Leave(&alias);
  registry.Leave(&late);
  registry.RunExpired();
  EXPECT_EQ(counters.orders.load(), 0);
}

}  // namespace
}  // namespace msp::webhooks
