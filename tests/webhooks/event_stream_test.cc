// SPDX-License-Identifier: Apache-2.0

// WatchOrder fed by MultiSafepay's own event stream, against the sandbox's. Polling is so rare that
// nothing but the stream can have told what is told, except where a test says otherwise.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/e2e/end_to_end.h"
#include "tests/webhooks/field.h"
#include "tests/webhooks/watching.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

// The customer stands in front of it until the test says what happens.
constexpr char kTerminal[] = "00000MAN";

std::vector<std::string> Rarely(std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--watch_poll_first_ms=3600000", "--watch_poll_max_ms=3600000"});
  return more;
}

std::string Streams(const std::string& event) {
  return "msp_event_streams_total{event=\"" + event + "\"}";
}

class EventStreams : public ::testing::Test {
 protected:
  static bool Reaches(const Field& field, const std::string& series, double value) {
    const auto until = steady_clock::now() + seconds(30);
    while (field.Metric(series) < value) {
      if (steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static void Approve(const Field& field, const std::string& order_id) {
    field.Control("orders/" + order_id + "/terminal", {{"outcome", "approve"}});
  }
  // Answers to CreateOrder have this text there from now on.
  static void EditCreateAnswers(const Field& field, const std::string& member,
                                const std::string& text) {
    field.Control(
        "faults",
        {{"match", {{"method", "POST"}}},
         {"effect",
          {{"name", "edit"}, {"changes", {{{"pointer", "/data/" + member}, {"value", text}}}}}}});
  }
};

TEST_F(EventStreams, TellOfATerminalsPaymentWithoutAWebhookOrAPoll) {
  Field field(Rarely());
  const v1::Order order = field.CreateAtTerminal("t-1", kTerminal);
  ASSERT_FALSE(order.events_token().empty());
  EXPECT_EQ(field.Metric("msp_event_streams_open"), 0) << "nobody watches";
  Watching watch(field.channel(), Ask("t-1"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("connected"), 1));
  EXPECT_EQ(field.Metric("msp_event_streams_open"), 1);
  Approve(field, "t-1");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(watch.Next(), "");
  EXPECT_TRUE(watch.Finish().ok());
  EXPECT_EQ(field.Metric("msp_watch_events_total{event=\"pushed\"}"), 1);
  EXPECT_EQ(field.Metric("msp_watch_looks_total{reason=\"poll\"}"), 0);
  const auto until = steady_clock::now() + seconds(30);
  while (field.Metric("msp_event_streams_open") != 0 && steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(field.Metric("msp_event_streams_open"), 0);
  EXPECT_EQ(field.server().Stop(), 0);
  EXPECT_THAT(field.server().process().error() + field.server().process().output(),
              Not(HasSubstr(order.events_token())));
}

TEST_F(EventStreams, ResumeAfterABreakAndMissNothing) {
  Field field(Rarely({"--log_level=debug", "--settle_ms=0"}));
  const v1::Order order = field.CreateAtTerminal("t-2", kTerminal);
  v1::WatchOrderRequest request = Ask("t-2");
  request.set_heartbeat_s(1);
  Watching watch(field.channel(), request);
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("event"), 1));
  // A second on, the reads that the beginning was a reason for are over.
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  field.Control("events/disconnect", Json::object());
  Approve(field, "t-2");  // While nothing is connected.
  std::string told = "UNSPECIFIED/HEARTBEAT";
  while (told == "UNSPECIFIED/HEARTBEAT") told = watch.Next();
  EXPECT_EQ(told, "PAID/LOOKUP");
  EXPECT_EQ(watch.Next(), "");
  EXPECT_GE(field.Metric(Streams("reconnect")), 1);
  EXPECT_LE(field.Metric(Streams("event")), 2) << "the first event came again";
  EXPECT_GE(field.Stats().at("requests").value("event_streams", 0.0), 2);
  EXPECT_EQ(field.server().Stop(), 0);
  EXPECT_THAT(field.server().process().error(), Not(HasSubstr(order.events_token())));
}

TEST_F(EventStreams, OneThatIsRefusedIsLeftAloneAndTheOrderPolled) {
  Field field({"--watch_poll_first_ms=500"});
  EditCreateAnswers(field, "events_token", "another-token");
  field.CreateAtTerminal("t-3", kTerminal);
  Watching watch(field.channel(), Ask("t-3"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("refused"), 1));
  ASSERT_TRUE(Reaches(field, "msp_watch_looks_total{reason=\"poll\"}", 2));
  Approve(field, "t-3");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(field.Metric("msp_watch_events_total{event=\"looked\"}"), 1);
  EXPECT_EQ(field.Stats().at("requests").value("event_streams", 0.0), 1);
  EXPECT_EQ(field.Metric("msp_event_streams_open"), 0);
}

TEST_F(EventStreams, ATokenIsNotSentToAnotherAddress) {
  Field field({"--watch_poll_first_ms=500"});
  Field other;  // Also on the loopback.
  EditCreateAnswers(field, "events_stream_url",
                    "http://" + other.server().ops() + "/events/stream/");
  field.CreateAtTerminal("t-4", kTerminal);
  Watching watch(field.channel(), Ask("t-4"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("bad_address"), 1));
  Approve(field, "t-4");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(field.Metric(Streams("bad_address")), 1) << "asked for once";
  EXPECT_EQ(field.Metric(Streams("connected")), 0);
}

TEST_F(EventStreams, AreBoundedInNumber) {
  Field field(Rarely({"--event_streams_max=1"}));
  field.CreateAtTerminal("t-5", kTerminal);
  Watching first(field.channel(), Ask("t-5"));
  EXPECT_EQ(first.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("connected"), 1));
  Approve(field, "t-5");  // A terminal takes one payment at a time.
  field.Control("terminals/00000APR", {{"behaviour", "manual"}});
  field.CreateAtTerminal("t-6", "00000APR");
  Watching follower(field.channel(), Ask("t-6"));
  EXPECT_EQ(follower.Next(), "PENDING/SNAPSHOT");
  EXPECT_EQ(first.Next(), "PAID/LOOKUP");
  EXPECT_LE(field.Metric("msp_event_streams_open"), 1);
}

TEST_F(EventStreams, AreNotReadWhereTheyAreOff) {
  Field field({"--watch_poll_first_ms=500", "--event_streams=false"});
  field.CreateAtTerminal("t-7", kTerminal);
  Watching watch(field.channel(), Ask("t-7"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  Approve(field, "t-7");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(field.Stats().at("requests").value("event_streams", 0.0), 0);
}

// What another replica's answers brought this one does not know.
TEST_F(EventStreams, AnotherReplicaPolls) {
  Field field(Rarely());
  const auto other = field.StartServer({"--watch_poll_first_ms=500"});
  field.CreateAtTerminal("t-8", kTerminal);
  Watching watch(Field::Dial(*other), Ask("t-8"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  Approve(field, "t-8");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(field.Stats().at("requests").value("event_streams", 0.0), 0);
}

TEST_F(EventStreams, AReadMayBringTheTokenToo) {
  Field field(Rarely());
  const auto other = field.StartServer(Rarely());
  const v1::Order order = field.CreateAtTerminal("t-10", kTerminal);
  field.Control(
      "faults",
      {{"match", {{"method", "GET"}}},
       {"effect",
        {{"name", "edit"},
         {"changes",
          {{{"pointer", "/data/events_token"}, {"value", order.events_token()}},
           {{"pointer", "/data/events_stream_url"}, {"value", order.events_stream_url()}}}}}}});
  Watching watch(Field::Dial(*other), Ask("t-10"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  const auto until = steady_clock::now() + seconds(30);
  while (field.Stats().at("requests").value("event_streams", 0.0) < 1 &&
         steady_clock::now() < until)
    std::this_thread::yield();
  Approve(field, "t-10");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
}

TEST_F(EventStreams, ADrainEndsThemAtOnce) {
  Field field(Rarely({"--connection_age_ms=300", "--drain_delay_ms=5000"}));
  field.CreateAtTerminal("t-9", kTerminal);
  Watching watch(field.channel(), Ask("t-9"));
  EXPECT_EQ(watch.Next(), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(field, Streams("connected"), 1));
  field.server().process().Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), "");
  EXPECT_EQ(e2e::CallError(watch.Finish()).info.reason(), "SHUTTING_DOWN");
  // Within the drain's delay, while the operators' port is still there.
  const auto until = steady_clock::now() + seconds(4);
  while (field.Metric("msp_event_streams_open") != 0 && steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(field.Metric("msp_event_streams_open"), 0);
  EXPECT_EQ(field.server().process().Wait(), 0);
}

}  // namespace
}  // namespace msp::webhooks
