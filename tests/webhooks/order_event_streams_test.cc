// SPDX-License-Identifier: Apache-2.0

// Which streams are opened for watched orders, when they are closed, and what their signals do.
#include "service/webhooks/order_event_streams.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/webhooks/core.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

using event_streams::StreamOpened;
using event_streams::StreamSignal;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeStreams final : public event_streams::EventStreams {
 public:
  OpenResult Open(event_streams::EventStreamRequest request, OnSignal on_signal) override {
    opened.push_back(request.token + " " + request.url);
    if (answer != StreamOpened::kOpened) return {.opened = answer};
    const Id id = opened.size();
    open.emplace(id, std::move(on_signal));
    return {.id = id};
  }
  void Close(Id id) override {
    closed.push_back(id);
    left.insert(open.extract(id));
  }
  void Signal(Id id, StreamSignal signal) { open.at(id)(id, signal); }

  StreamOpened answer = StreamOpened::kOpened;
  std::vector<std::string> opened;
  std::vector<Id> closed;
  std::map<Id, OnSignal> open;
  std::map<Id, OnSignal> left;  // Closed, and perhaps with a signal on its way.
};

class Streams : public Core {
 protected:
  Streams()
      : Core({.watchers_max = 3,
              .poll_first_ms = 60'000,
              .poll_max_ms = 60'000,
              .quiet_ms = 60'000,
              .settle_ms = 0}) {
    registry.SetPushSource(&order_streams);
  }
  ~Streams() override { registry.Leave(&watcher); }
  void Bring(const std::string& token, const std::string& order_id = "o-1") {
    v1::Order order;
    order.set_events_token(token);
    order.set_events_stream_url("https://api/");
    access.Take("shop", order_id, order);
  }

  payments::EventAccessTable access;
  FakeStreams streams;
  OrderEventStreams order_streams{access, streams, registry};
};

TEST_F(Streams, IsOpenedWhileTheOrderIsWatchedAndMakesItBeRead) {
  Bring("t-1");
  EXPECT_THAT(streams.opened, IsEmpty()) << "nobody watches";
  Watch(watcher);
  EXPECT_THAT(streams.opened, ElementsAre("t-1 https://api/"));
  Pass(seconds(5));
  for (const StreamSignal signal : {StreamSignal::kConnected, StreamSignal::kEvents}) {
    const int before = fetches;
    streams.Signal(1, signal);
    Pass(seconds(1));
    EXPECT_EQ(fetches, before + 1);
  }
  EXPECT_EQ(streams.opened.size(), 1U) << "one stream, however often the order is read";
  record = OrderOf("completed", "completed", 2);
  streams.Signal(1, StreamSignal::kEvents);
  Pass(seconds(1));
  EXPECT_EQ(watcher.ended, "end");
  EXPECT_THAT(streams.closed, ElementsAre(1U));
}

TEST_F(Streams, IsNotOpenedWithoutAccessAndOnceThereIsSome) {
  Bring("t-2", "o-2");
  Watch(watcher);
  EXPECT_THAT(streams.opened, IsEmpty());
  Bring("t-1");
  Pass(seconds(120));
  EXPECT_THAT(streams.opened, ElementsAre("t-1 https://api/"));
  registry.Leave(&watcher);
  EXPECT_THAT(streams.closed, ElementsAre(1U));
}

TEST_F(Streams, OneThatHasEndedIsLeftAloneUntilThereIsAnotherToken) {
  Bring("t-1");
  Watch(watcher);
  const int before = fetches;
  streams.Signal(1, StreamSignal::kEnded);
  Pass(seconds(1));
  EXPECT_EQ(fetches, before) << "no reason to read";
  Pass(seconds(300));
  EXPECT_GT(fetches, before) << "polled as ever";
  EXPECT_EQ(streams.opened.size(), 1U);
  Bring("t-2");
  Pass(seconds(120));
  EXPECT_THAT(streams.opened, ElementsAre("t-1 https://api/", "t-2 https://api/"));
  registry.Leave(&watcher);
  EXPECT_THAT(streams.closed, ElementsAre(2U)) << "the first had ended by itself";
}

TEST_F(Streams, ANewTokenLeavesAStreamThatIsReadAlone) {
  Bring("t-1");
  Watch(watcher);
  Bring("t-2");
  Pass(seconds(120));
  EXPECT_EQ(streams.opened.size(), 1U);
}

TEST_F(Streams, WhatMayNotBeOpenedIsAskedForOnce) {
  for (const StreamOpened refusal : {StreamOpened::kBadAddress, StreamOpened::kBadToken}) {
    streams.opened.clear();
    streams.answer = refusal;
    Bring("t-" + std::to_string(static_cast<int>(refusal)));
    Watch(watcher);
    Pass(seconds(300));
    EXPECT_EQ(streams.opened.size(), 1U);
    registry.Leave(&watcher);
  }
  EXPECT_THAT(streams.closed, IsEmpty());
}

TEST_F(Streams, WithoutRoomItIsTriedAgainWithTheNextRead) {
  streams.answer = StreamOpened::kFull;
  Bring("t-1");
  Watch(watcher);
  EXPECT_EQ(streams.opened.size(), 1U);
  streams.answer = StreamOpened::kOpened;
  Pass(seconds(120));
  EXPECT_EQ(streams.opened.size(), 2U);
  EXPECT_EQ(streams.open.size(), 1U);
}

TEST_F(Streams, ASignalThatWasOnItsWayIsDropped) {
  Bring("t-1");
  Watch(watcher);
  registry.Leave(&watcher);
  RecordingWatcher second;
  Watch(second);  // The same order by another stream.
  const int before = fetches;
  ASSERT_EQ(streams.left.size(), 1U);
  streams.left.begin()->second(1, StreamSignal::kEvents);
  streams.left.begin()->second(1, StreamSignal::kEnded);
  Pass(seconds(1));
  EXPECT_EQ(fetches, before);
  streams.Signal(2, StreamSignal::kEvents);
  Pass(seconds(1));
  EXPECT_EQ(fetches, before + 1);
  registry.Leave(&second);
  EXPECT_THAT(streams.closed, ElementsAre(1U, 2U));
}

}  // namespace
}  // namespace msp::webhooks
