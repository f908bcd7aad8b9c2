// The event core in a time of its own: what watchers are told, how often the order is looked at.
#include "service/notify/hub.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/notify/notes.h"

namespace msp::notify {
namespace {

namespace v1 = multisafepay::v1;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Ear final : public Watcher {
 public:
  void Tell(const State& state, Cause cause) override {
    heard.push_back(v1::PaymentState_Name(state.order->payment_state()).substr(14) + "/" +
                    v1::WatchOrderResponse::Cause_Name(cause).substr(6));
    digest = state.digest;
  }
  void Beat() override { ++beats; }
  void End(std::optional<psp::Failure> failure) override {
    ended = failure ? failure->reason.empty() ? "failed" : failure->reason : "end";
  }

  std::vector<std::string> heard;
  std::string digest;
  std::string ended;
  int beats = 0;
};

class Core : public ::testing::Test {
 protected:
  explicit Core(HubOptions options = {.watchers_max = 3,
                                      .poll_first_ms = 5'000,
                                      .poll_max_ms = 40'000,
                                      .quiet_ms = 5'000})
      : hub(
            options,
            [this](const std::string&, const std::string&, Hub::Looked looked) {
              ++looks;
              if (hold) return waiting.push_back(std::move(looked));
              std::move(looked)(Answer());
            },
            counters, [this] { return now; }) {}

  Hub::Found Answer() const {
    if (!record) {
      return {.order = {}, .failure = {.code = absl::StatusCode::kNotFound, .reason = "MSP_1006"}};
    }
    return {.order = *record, .failure = {}};
  }
  // Lets time pass, in small steps.
  void Pass(Hub::Clock::duration time) {
    const Hub::Time until = now + time;
    while (now < until) {
      now = std::min(until, now + milliseconds(100));
      hub.RunDue();
    }
  }
  void Watch(Ear& ear, bool follow = false, std::int64_t heartbeat_ms = 0, std::string seen = {}) {
    ASSERT_FALSE(hub.Watch({.site = "shop",
                            .order_id = "o-1",
                            .follow = follow,
                            .seen = std::move(seen),
                            .heartbeat_ms = heartbeat_ms},
                           &ear));
    hub.RunDue();
  }
  void Tell(v1::Order order) { hub.Tell("shop", StateOf(std::move(order), 0)); }
  void Return() {
    Hub::Looked looked = std::move(waiting.front());
    waiting.pop_front();
    std::move(looked)(Answer());
  }

  Hub::Time now = Hub::Clock::now();
  Counters counters;
  std::optional<v1::Order> record = OrderOf("initialized", "initialized", 1);
  bool hold = false;
  std::deque<Hub::Looked> waiting;
  int looks = 0;
  Hub hub;
};

TEST_F(Core, TellsTheStateNowThenTheChangeAndEndsAtPaid) {
  Ear ear;
  Watch(ear);
  Tell(OrderOf("completed", "completed", 2));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(ear.ended, "end");
  EXPECT_EQ(looks, 1);
  hub.Leave(&ear);
}

TEST_F(Core, GoesOnWhileTheMoneyIsOnItsWayAndEndsWhenItHasCome) {
  Ear ear;
  Watch(ear);
  Tell(OrderOf("completed", "uncleared", 2, "77", "MULTIBANCO"));
  Pass(seconds(1));
  EXPECT_EQ(ear.ended, "");
  record = OrderOf("completed", "completed", 3, "77", "MULTIBANCO");
  Pass(seconds(60));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PROCESSING/NOTIFICATION", "PAID/LOOKUP"));
  EXPECT_EQ(ear.ended, "end");
  hub.Leave(&ear);
}

TEST_F(Core, EndsWhenPayPalHasCollected) {
  Ear ear;
  Watch(ear);
  Tell(OrderOf("completed", "initialized", 2, "77", "PAYPAL"));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(ear.ended, "end");
  hub.Leave(&ear);
}

TEST_F(Core, TellsOnceWhatComesTwiceAndLate) {
  Ear ear;
  Watch(ear, /*follow=*/true);
  for (int i = 0; i < 3; ++i) Tell(OrderOf("completed", "completed", 2));
  Tell(OrderOf("initialized", "initialized", 1));
  Pass(seconds(3));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(ear.ended, "");
  EXPECT_EQ(looks, 1);
  hub.Leave(&ear);
}

TEST_F(Core, AMissedNotificationIsMadeGoodByALook) {
  Ear ear;
  Watch(ear);
  record = OrderOf("completed", "completed", 2);
  Pass(seconds(8));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  EXPECT_EQ(ear.ended, "end");
  hub.Leave(&ear);
}

TEST_F(Core, LooksEverLessOftenAndOnceForAllWatchers) {
  Ear first;
  Ear second;
  Watch(first);
  Watch(second);
  Pass(seconds(3'600));
  // 5, 10, 20, then every 40 seconds, each half to one and a half times as long.
  EXPECT_GT(looks, 60);
  EXPECT_LT(looks, 130);
  const int before = looks;
  hub.Leave(&first);
  hub.Leave(&second);
  Pass(seconds(600));
  EXPECT_EQ(looks, before);
  EXPECT_EQ(counters.orders.load(), 0);
  EXPECT_EQ(counters.watchers.load(), 0);
}

TEST_F(Core, ARefundsBodyLeadsToALookAndIsNeverTheState) {
  record = OrderOf("completed", "completed", 1);
  Ear ear;
  Watch(ear, /*follow=*/true);
  record = OrderOf("partial_refunded", "completed", 3);
  Tell(OrderOf("completed", "completed", 3, "88"));
  Tell(OrderOf("reserved", "reserved", 3, "88"));
  Pass(seconds(1));
  EXPECT_THAT(ear.heard, ElementsAre("PAID/SNAPSHOT", "PARTIALLY_REFUNDED/LOOKUP"));
  EXPECT_EQ(looks, 2);
  hub.Leave(&ear);
}

TEST_F(Core, StaysAQuietTimeAtADeclineThatCanStillBecomePaid) {
  record = OrderOf("declined", "declined", 1);
  Ear ear;
  Watch(ear);
  Pass(seconds(4));
  EXPECT_EQ(ear.ended, "");
  Tell(OrderOf("completed", "completed", 4));
  EXPECT_THAT(ear.heard, ElementsAre("DECLINED/SNAPSHOT", "PAID/NOTIFICATION"));
  EXPECT_EQ(ear.ended, "end");
  hub.Leave(&ear);
  Ear patient;
  record = OrderOf("expired", "expired", 9);
  Watch(patient);
  Pass(seconds(6));
  EXPECT_EQ(patient.ended, "end");
  hub.Leave(&patient);
}

TEST_F(Core, ANotificationThatOvertakesTheFirstLookIsNotLost) {
  hold = true;
  Ear ear;
  Watch(ear);
  Tell(OrderOf("completed", "completed", 2));
  EXPECT_THAT(ear.heard, IsEmpty());
  Return();
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  hub.Leave(&ear);
}

TEST_F(Core, AnAnswerThatWasOvertakenDoesNotTurnTheStateBack) {
  Ear ear;
  Watch(ear, /*follow=*/true);
  hold = true;
  const v1::Order old = *record;
  Pass(seconds(8));  // A look is under way.
  ASSERT_EQ(waiting.size(), 1u);
  Tell(OrderOf("completed", "completed", 5));
  record = old;
  Return();
  hold = false;
  record = OrderOf("completed", "completed", 5);
  Pass(seconds(2));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/NOTIFICATION"));
  hub.Leave(&ear);
}

TEST_F(Core, WhatTheCallerHasSeenIsNotSentAgain) {
  Ear first;
  Watch(first);
  hub.Leave(&first);
  Ear again;
  Watch(again, false, 0, first.digest);
  EXPECT_THAT(again.heard, IsEmpty());
  Tell(OrderOf("completed", "completed", 2));
  EXPECT_THAT(again.heard, ElementsAre("PAID/NOTIFICATION"));
  hub.Leave(&again);
  // A paid order that was seen: nothing to say, and the end.
  record = OrderOf("completed", "completed", 2);
  Ear late;
  Watch(late, false, 0, again.digest);
  EXPECT_THAT(late.heard, IsEmpty());
  EXPECT_EQ(late.ended, "end");
  hub.Leave(&late);
}

TEST_F(Core, BeatsWhileNothingHappens) {
  Ear ear;
  Watch(ear, false, 1'000);
  Pass(milliseconds(3'500));
  EXPECT_EQ(ear.beats, 3);
  hub.Leave(&ear);
}

TEST_F(Core, UnprovenHintsAreBounded) {
  Ear ear;
  Watch(ear);
  for (int i = 0; i < 1'000; ++i) {
    hub.Hint("shop", "o-1");
    hub.Hint("shop", "nobody-watches-this");
    Pass(milliseconds(100));
  }
  EXPECT_LT(looks, 40);  // 100 seconds, a look in five at most, and the poll's own.
  EXPECT_GT(looks, 10);
  hub.Leave(&ear);
}

TEST_F(Core, AnOrderThatIsNotThereEndsTheStreamWithThatError) {
  record.reset();
  Ear ear;
  Watch(ear);
  EXPECT_EQ(ear.ended, "MSP_1006");
  hub.Leave(&ear);
}

TEST_F(Core, OutagesLaterOnAreSatOut) {
  Ear ear;
  Watch(ear);
  const auto known = record;
  record.reset();
  Pass(seconds(60));
  EXPECT_EQ(ear.ended, "");
  record = OrderOf("completed", "completed", 9);
  Pass(seconds(61));
  EXPECT_EQ(ear.ended, "end");
  hub.Leave(&ear);
}

TEST_F(Core, RefusesMoreWatchersThanItTakesAndAllWhenItLeaves) {
  Ear ears[3];
  for (Ear& ear : ears) Watch(ear);
  Ear fourth;
  const auto full = hub.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->code, absl::StatusCode::kResourceExhausted);
  hub.Drain();
  for (Ear& ear : ears) {
    EXPECT_EQ(ear.ended, "SHUTTING_DOWN");
    hub.Leave(&ear);
  }
  const auto leaving = hub.Watch({.site = "shop", .order_id = "o-2"}, &fourth);
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->code, absl::StatusCode::kUnavailable);
  EXPECT_GE(leaving->retry_after_ms, 0);
  hub.RunDue();
  EXPECT_EQ(counters.orders.load(), 0);
}

TEST_F(Core, CatchesUpAfterEventsMayHaveBeenLost) {
  Ear ear;
  Watch(ear);
  Pass(seconds(1));
  record = OrderOf("completed", "completed", 2);
  hub.CatchUp();
  Pass(milliseconds(300));
  EXPECT_THAT(ear.heard, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP"));
  hub.Leave(&ear);
}

}  // namespace
}  // namespace msp::notify
