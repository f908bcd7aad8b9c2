// SPDX-License-Identifier: Apache-2.0

// What the event core makes of a push source's news: when it asks to follow an order, and which
// reads the news lead to.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/webhooks/core.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Recorder final : public PushSource {
 public:
  void Follow(const std::string& site, const std::string& order_id) override {
    const std::string key = site + "/" + order_id;
    if (followed != key) asked.push_back("follow " + key);
    followed = key;
  }
  void Unfollow(const std::string& site, const std::string& order_id) override {
    asked.push_back("unfollow " + site + "/" + order_id);
    followed.clear();
  }
  std::vector<std::string> asked;
  std::string followed;
};

// Polls so rarely that only news make a read, and reads lag behind for up to four seconds.
class Pushed : public Core {
 protected:
  Pushed()
      : Core({.watchers_max = 3,
              .poll_first_ms = 3'600'000,
              .poll_max_ms = 3'600'000,
              .quiet_ms = 60'000,
              .settle_ms = 4'000}) {
    registry.SetPushSource(&pushes);
  }
  ~Pushed() override { registry.Leave(&watcher); }
  // A watch whose first read is done.
  void Begin() {
    Watch(watcher);
    Pass(seconds(30));
    EXPECT_EQ(NewFetches(), 1);
  }
  void Push() { registry.OnPush("shop", "o-1"); }
  // Reads of the order since the last call.
  int NewFetches() { return fetches - std::exchange(seen_, fetches); }
  std::int64_t Fetches(FetchReason why) const {
    return counters.fetches.At(static_cast<std::size_t>(why));
  }

  Recorder pushes;

 private:
  int seen_ = 0;
};

TEST_F(Pushed, NewsMakeTheOrderBeReadAtOnce) {
  Begin();
  record = OrderOf("completed", "completed", 2);
  Push();
  registry.RunExpired();
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
  EXPECT_EQ(NewFetches(), 1);
  EXPECT_EQ(Fetches(FetchReason::kPushed), 1);
  EXPECT_EQ(counters.events.At(5), 1) << "pushed";
  EXPECT_EQ(counters.events.At(4), 0) << "looked";
}

TEST_F(Pushed, NewsDecideNothingAndAReadThatLagsBehindIsMadeOnceMore) {
  Begin();
  Push();
  Pass(milliseconds(100));
  EXPECT_EQ(NewFetches(), 1);
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT"));
  record = OrderOf("completed", "completed", 2);  // What reads show from now on.
  Pass(milliseconds(3'800));
  EXPECT_EQ(NewFetches(), 0);
  Pass(milliseconds(200));
  EXPECT_EQ(NewFetches(), 1);
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

TEST_F(Pushed, NewsWithoutAChangeCostTwoReads) {
  Begin();
  Push();
  Pass(minutes(10));
  EXPECT_EQ(NewFetches(), 2);
}

TEST_F(Pushed, NewsOfAJustNotifiedStateCostOneRead) {
  Begin();
  record = OrderOf("uncleared", "uncleared", 2);
  ReceiveNotification(*record);
  Pass(seconds(3));
  NewFetches();
  Push();
  Pass(minutes(10));
  EXPECT_EQ(NewFetches(), 1);
}

TEST_F(Pushed, NewsDuringAReadMakeAnother) {
  Begin();
  hold = true;
  Push();
  registry.RunExpired();
  Pass(milliseconds(100));
  Push();  // Later than what the read may show.
  Return();
  record = OrderOf("completed", "completed", 2);
  hold = false;
  Pass(seconds(1));
  EXPECT_THAT(watcher.received, ElementsAre("PENDING/SNAPSHOT", "PAID/LOOKUP", "end"));
}

TEST_F(Pushed, AFloodOfNewsIsReadEverMoreRarely) {
  Begin();
  for (int i = 0; i < 6'000; ++i) {  // Ten minutes of ten a second.
    Push();
    Pass(milliseconds(100));
  }
  EXPECT_LT(NewFetches(), 35);
  // A change makes it quick again.
  record = OrderOf("uncleared", "uncleared", 2);
  Pass(seconds(40));
  EXPECT_EQ(watcher.received.size(), 2U);
  for (int i = 0; i < 3; ++i) {
    NewFetches();
    Push();
    Pass(milliseconds(700));
    EXPECT_EQ(NewFetches(), 1);
    Pass(seconds(10));
  }
}

// The read that is still to come is not put off to the next poll.
TEST_F(Pushed, ANotificationBetweenNewsAndTheirReadLosesNothing) {
  Begin();
  Push();
  Pass(seconds(1));
  ReceiveNotification(OrderOf("uncleared", "uncleared", 2));
  record = OrderOf("completed", "completed", 3);
  Pass(seconds(5));
  EXPECT_THAT(watcher.received,
              ElementsAre("PENDING/SNAPSHOT", "IN_REVIEW/NOTIFICATION", "PAID/LOOKUP", "end"));
}

TEST_F(Pushed, AnOrderThatGetsAnotherIdIsFollowedByThatOne) {
  Watch(watcher);
  record->set_order_id("o-2");
  Push();
  Pass(seconds(5));
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1", "unfollow shop/o-1", "follow shop/o-2"));
}

TEST_F(Pushed, NewsOfAnOrderThatNobodyWatchesAreDropped) {
  Push();
  Pass(seconds(10));
  EXPECT_EQ(fetches, 0);
}

TEST_F(Pushed, AnOrderIsFollowedFromItsFirstReadUntilNobodyWatchesIt) {
  RecordingWatcher first, second;
  hold = true;
  Watch(first);
  EXPECT_THAT(pushes.asked, IsEmpty()) << "its own id is not known yet";
  Return();
  hold = false;
  Watch(second);
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1"));
  registry.Leave(&first);
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1"));
  registry.Leave(&second);
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1", "unfollow shop/o-1"));
}

TEST_F(Pushed, AnOrderThatIsNamedByItsPaymentsIdIsFollowedByItsOwn) {
  Watch(watcher, false, 0, {}, "77");
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1"));
  registry.Leave(&watcher);
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1", "unfollow shop/o-1"));
}

TEST_F(Pushed, AnOrderThatHasEndedIsNotFollowed) {
  record = OrderOf("completed", "completed", 2);
  Watch(watcher, /*follow=*/true);
  EXPECT_THAT(pushes.asked, IsEmpty());
}

TEST_F(Pushed, AnOrderIsFollowedUntilItEndsHoweverThatIsReported) {
  Watch(watcher, /*follow=*/true);
  ReceiveNotification(OrderOf("completed", "completed", 2));
  EXPECT_EQ(watcher.ended, "");
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1", "unfollow shop/o-1"));
  registry.Leave(&watcher);
  EXPECT_EQ(pushes.asked.size(), 2U);
}

TEST_F(Pushed, ADeclineIsFollowedFurther) {
  Watch(watcher);
  ReceiveNotification(OrderOf("declined", "declined", 2));
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1"));
  Pass(seconds(20));
  record = OrderOf("completed", "completed", 30);
  Push();
  registry.RunExpired();
  EXPECT_THAT(watcher.received,
              ElementsAre("PENDING/SNAPSHOT", "DECLINED/NOTIFICATION", "PAID/LOOKUP", "end"));
}

TEST_F(Pushed, ADrainLeavesNothingFollowed) {
  Watch(watcher);
  registry.Drain();
  registry.RunExpired();
  EXPECT_THAT(pushes.asked, ElementsAre("follow shop/o-1", "unfollow shop/o-1"));
}

}  // namespace
}  // namespace msp::webhooks
