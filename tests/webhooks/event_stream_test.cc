// SPDX-License-Identifier: Apache-2.0

// WatchOrder fed by MultiSafepay's own event stream, against the sandbox's. Polling is so rare that
// every change is reported by the stream, except where a test says otherwise.
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/wait.h"
#include "tests/webhooks/environment.h"
#include "tests/webhooks/watching.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
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
  static bool Reaches(const Environment& environment, const std::string& series, double value) {
    return testing::WaitUntil([&] { return environment.Metric(series) >= value; });
  }
  static bool AllClosed(const Environment& environment, seconds time_max = testing::kWaitMax) {
    return testing::WaitUntil([&] { return environment.Metric("msp_event_streams_open") == 0; },
                              time_max);
  }
  // Of the sandbox's own count.
  static double StreamRequests(const Environment& environment) {
    return environment.Stats().at("requests").value("event_streams", 0.0);
  }
  static void Approve(const Environment& environment, const std::string& order_id) {
    environment.Control("orders/" + order_id + "/terminal", {{"outcome", "approve"}});
  }
  // From now on answers to requests of that method have these texts in their data.
  static void EditAnswers(const Environment& environment, const std::string& method,
                          const std::map<std::string, std::string>& texts) {
    Json changes = Json::array();
    for (const auto& [member, text] : texts)
      changes.push_back({{"pointer", "/data/" + member}, {"value", text}});
    environment.Control("faults", {{"match", {{"method", method}}},
                                   {"effect", {{"name", "edit"}, {"changes", changes}}}});
  }
};

TEST_F(EventStreams, ReportATerminalsPaymentWithoutAWebhookOrAPoll) {
  Environment environment(Rarely());
  const v1::Order order = environment.CreateAtTerminal("t-1", kTerminal);
  ASSERT_FALSE(order.events_token().empty());
  EXPECT_EQ(environment.Metric("msp_event_streams_open"), 0) << "nobody watches";
  Watching watch(environment.channel(), Ask("t-1"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("connected"), 1));
  EXPECT_EQ(environment.Metric("msp_event_streams_open"), 1);
  Approve(environment, "t-1");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(watch.End(), "OK");
  EXPECT_EQ(environment.Metric("msp_watch_events_total{event=\"pushed\"}"), 1);
  EXPECT_EQ(environment.Metric("msp_watch_looks_total{reason=\"poll\"}"), 0);
  EXPECT_TRUE(AllClosed(environment));
  EXPECT_EQ(environment.server().Stop(), 0);
  EXPECT_THAT(environment.server().process().error() + environment.server().process().output(),
              Not(HasSubstr(order.events_token())));
}

TEST_F(EventStreams, ResumeAfterABreakAndMissNothing) {
  Environment environment(Rarely({"--log_level=debug", "--settle_ms=0"}));
  const v1::Order order = environment.CreateAtTerminal("t-2", kTerminal);
  Watching watch(environment.channel(), AskWithBeats("t-2"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("event"), 1));
  // A second on, the reads that the beginning was a reason for are over.
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  environment.Control("events/disconnect", Json::object());
  Approve(environment, "t-2");  // While nothing is connected.
  std::string last = "UNSPECIFIED/HEARTBEAT";
  while (last == "UNSPECIFIED/HEARTBEAT") last = watch.Next();
  EXPECT_EQ(last, "PAID/LOOKUP");
  EXPECT_EQ(watch.Next(), "");
  EXPECT_GE(environment.Metric(Streams("reconnect")), 1);
  EXPECT_LE(environment.Metric(Streams("event")), 2) << "the first event came again";
  EXPECT_GE(StreamRequests(environment), 2);
  EXPECT_EQ(environment.server().Stop(), 0);
  EXPECT_THAT(environment.server().process().error(), Not(HasSubstr(order.events_token())));
}

TEST_F(EventStreams, ARefusedStreamIsNotRetriedAndTheOrderIsPolled) {
  Environment environment({"--watch_poll_first_ms=500"});
  EditAnswers(environment, "POST", {{"events_token", "another-token"}});
  environment.CreateAtTerminal("t-3", kTerminal);
  Watching watch(environment.channel(), Ask("t-3"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("refused"), 1));
  ASSERT_TRUE(Reaches(environment, "msp_watch_looks_total{reason=\"poll\"}", 2));
  Approve(environment, "t-3");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(environment.Metric("msp_watch_events_total{event=\"looked\"}"), 1);
  EXPECT_EQ(StreamRequests(environment), 1);
  EXPECT_EQ(environment.Metric("msp_event_streams_open"), 0);
}

TEST_F(EventStreams, ATokenIsNotSentToAnotherAddress) {
  Environment environment({"--watch_poll_first_ms=500"});
  Environment other;  // Also on the loopback.
  EditAnswers(environment, "POST",
              {{"events_stream_url", "http://" + other.server().ops() + "/events/stream/"}});
  environment.CreateAtTerminal("t-4", kTerminal);
  Watching watch(environment.channel(), Ask("t-4"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("bad_address"), 1));
  Approve(environment, "t-4");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(environment.Metric(Streams("bad_address")), 1) << "asked for once";
  EXPECT_EQ(environment.Metric(Streams("connected")), 0);
}

TEST_F(EventStreams, AreBoundedInNumber) {
  Environment environment(Rarely({"--event_streams_max=1"}));
  environment.CreateAtTerminal("t-5", kTerminal);
  Watching first(environment.channel(), Ask("t-5"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("connected"), 1));
  Approve(environment, "t-5");  // A terminal takes one payment at a time.
  environment.Control("terminals/00000APR", {{"behaviour", "manual"}});
  environment.CreateAtTerminal("t-6", "00000APR");
  Watching follower(environment.channel(), Ask("t-6"), "PENDING/SNAPSHOT");
  EXPECT_EQ(first.Next(), "PAID/LOOKUP");
  EXPECT_LE(environment.Metric("msp_event_streams_open"), 1);
}

TEST_F(EventStreams, AreNotReadWhereTheyAreOff) {
  Environment environment({"--watch_poll_first_ms=500", "--event_streams=false"});
  environment.CreateAtTerminal("t-7", kTerminal);
  Watching watch(environment.channel(), Ask("t-7"), "PENDING/SNAPSHOT");
  Approve(environment, "t-7");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(StreamRequests(environment), 0);
}

// What another replica's answers brought this one does not know.
TEST_F(EventStreams, AnotherReplicaPolls) {
  Environment environment(Rarely());
  const auto other = environment.StartServer({"--watch_poll_first_ms=500"});
  environment.CreateAtTerminal("t-8", kTerminal);
  Watching watch(Environment::Dial(*other), Ask("t-8"), "PENDING/SNAPSHOT");
  Approve(environment, "t-8");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(StreamRequests(environment), 0);
}

TEST_F(EventStreams, AReadMayBringTheTokenToo) {
  Environment environment(Rarely());
  const auto other = environment.StartServer(Rarely());
  const v1::Order order = environment.CreateAtTerminal("t-10", kTerminal);
  EditAnswers(
      environment, "GET",
      {{"events_token", order.events_token()}, {"events_stream_url", order.events_stream_url()}});
  Watching watch(Environment::Dial(*other), Ask("t-10"), "PENDING/SNAPSHOT");
  EXPECT_TRUE(testing::WaitUntil([&] { return StreamRequests(environment) >= 1; }));
  Approve(environment, "t-10");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
}

TEST_F(EventStreams, ADrainEndsThemAtOnce) {
  Environment environment(Rarely({"--connection_age_ms=300", "--drain_delay_ms=5000"}));
  environment.CreateAtTerminal("t-9", kTerminal);
  Watching watch(environment.channel(), Ask("t-9"), "PENDING/SNAPSHOT");
  ASSERT_TRUE(Reaches(environment, Streams("connected"), 1));
  environment.server().process().Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), "");
  EXPECT_EQ(e2e::CallError(watch.Finish()).info.reason(), "SHUTTING_DOWN");
  // Within the drain's delay, while the operators' port is still there.
  EXPECT_TRUE(AllClosed(environment, seconds(4)));
  EXPECT_EQ(environment.server().process().Wait(), 0);
}

}  // namespace
}  // namespace msp::webhooks
