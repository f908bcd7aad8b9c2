// SPDX-License-Identifier: Apache-2.0

// WatchOrder and HandleNotification as callers meet them, against a sandbox that notifies.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/redis_process.h"
#include "tests/testing/wait.h"
#include "tests/webhooks/environment.h"
#include "tests/webhooks/notes.h"
#include "tests/webhooks/watching.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(WatchOrder, SendsTheSnapshotThenTheNotificationAndEndsAtPaid) {
  Environment environment;
  environment.Create("w-1", environment.webhook());
  Watching watch(environment.channel(), Ask("w-1"), "PENDING/SNAPSHOT");
  environment.Finish3ds("w-1");
  EXPECT_EQ(watch.Next(), "PAID/NOTIFICATION");
  EXPECT_EQ(watch.last.order().order_id(), "w-1");
  EXPECT_FALSE(watch.last.resume_token().empty());
  EXPECT_EQ(watch.End(), "OK");
  // What was seen is not sent again, and the stream still ends.
  Watching resumed(environment.channel(), Ask("w-1", false, watch.last.resume_token()));
  EXPECT_EQ(resumed.End(), "OK");
  EXPECT_EQ(environment.Metric("msp_notifications_total{result=\"accepted\"}"), 1);
}

TEST(WatchOrder, ADroppedNotificationIsMadeGoodByARead) {
  Environment environment({"--watch_poll_first_ms=500"});
  environment.Control("webhooks", {{"drop", true}});
  environment.Create("w-2", environment.webhook());
  Watching watch(environment.channel(), Ask("w-2"), "PENDING/SNAPSHOT");
  environment.Finish3ds("w-2");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(watch.Next(), "");
}

TEST(WatchOrder, EndsAtADeclineAfterAQuietTime) {
  Environment environment({"--watch_quiet_ms=200"});
  environment.Create("w-3", environment.webhook());
  Watching watch(environment.channel(), Ask("w-3"), "PENDING/SNAPSHOT");
  environment.Finish3ds("w-3", "N");
  EXPECT_EQ(watch.Next(), "DECLINED/NOTIFICATION");
  EXPECT_EQ(watch.last.order().decline().category(), v1::DECLINE_CATEGORY_AUTHENTICATION);
  EXPECT_EQ(watch.End(), "OK");
}

TEST(WatchOrder, RefusesBadInputByItsField) {
  Environment environment;
  Watching forged(environment.channel(), Ask("w-4", false, "AAAA"));
  EXPECT_EQ(forged.Next(), "");
  grpc::Status status = forged.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(e2e::CallError(status).Fields(), std::vector<std::string>{"resume_token"});
  Watching nameless(environment.channel(), Ask(""));
  EXPECT_EQ(nameless.Next(), "");
  status = nameless.Finish();
  EXPECT_EQ(e2e::CallError(status).Fields(), std::vector<std::string>{"order_id"});
  Watching unknown(environment.channel(), Ask("no-such-order"));
  EXPECT_EQ(unknown.Next(), "");
  EXPECT_EQ(e2e::CallError(unknown.Finish()).info.reason(), "MSP_1006");
}

TEST(WatchOrder, BeatsAndIsBoundedInNumber) {
  Environment environment({"--watchers_max=1"});
  environment.Create("w-5", "");
  Watching watch(environment.channel(), AskWithBeats("w-5"), "PENDING/SNAPSHOT");
  Watching second(environment.channel(), Ask("w-5"));
  EXPECT_EQ(second.Next(), "");
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  EXPECT_FALSE(watch.last.has_order());
  watch.Cancel();
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Each end has a line of its own, and a stream's time is no latency.
  const std::string line = environment.server().process().WaitForError("\"code\":\"CANCELLED\"");
  for (const char* part :
       {"\"event\":\"stream\"", "\"method\":\"WatchOrder\"", "\"site\":\"default\"",
        "\"order_id\":\"w-5\"", "\"states\":1,", "\"seconds\":"}) {
    EXPECT_THAT(line, HasSubstr(part));
  }
  EXPECT_EQ(
      environment.Metric("msp_calls_total{code=\"CANCELLED\",method=\"WatchOrder\",outcome=\"\"}"),
      1);
  EXPECT_EQ(environment.Metric("msp_call_duration_seconds_count{method=\"WatchOrder\"}"), -1);
}

TEST(WatchOrder, ADrainEndsStreamsAtItsStartAndIsNotHeldUp) {
  Environment environment({"--connection_age_ms=300", "--drain_delay_ms=500"});
  environment.Create("w-6", "");
  Watching watch(environment.channel(), Ask("w-6", true), "PENDING/SNAPSHOT");
  const auto start = std::chrono::steady_clock::now();
  environment.server().process().Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), "");
  const grpc::Status status = watch.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const e2e::CallError error(status);
  EXPECT_EQ(error.info.reason(), "SHUTTING_DOWN");
  EXPECT_TRUE(error.retry.has_value());
  EXPECT_EQ(environment.server().process().Wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(15));
}

// Each at another moment of its stream: before the first state, with one on its way, after it.
TEST(WatchOrder, CancelledStreamsLeaveNothingBehind) {
  Environment environment({"--watch_poll_first_ms=500"});
  environment.Create("w-9", environment.webhook());
  const auto watch_and_go = [&](int turn) {
    Watching watch(environment.channel(), AskWithBeats("w-9", true));
    if (turn % 3 > 0) {
      EXPECT_EQ(watch.Next().substr(0, 7), "PENDING");
    }
    watch.Cancel();
    if (turn % 3 > 1) return;  // Without waiting for the end of it.
    watch.Next();
    watch.Finish();
  };
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int turn = 0; turn < 50; ++turn) watch_and_go(turn);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(testing::WaitUntil([&] { return environment.Metric("msp_watchers_open") == 0; }));
  Watching last(environment.channel(), Ask("w-9"), "PENDING/SNAPSHOT");
  EXPECT_EQ(environment.server().Stop(), 0);
}

// By this server's SHUTTING_DOWN, or, once no connection is left, by the client's own UNAVAILABLE.
TEST(WatchOrder, ACallDuringADrainIsRefusedAsShuttingDown) {
  Environment environment({"--connection_age_ms=300", "--drain_delay_ms=300"});
  environment.Create("w-9", "");
  Watching before(environment.channel(), Ask("w-9", true), "PENDING/SNAPSHOT");
  environment.server().process().Signal(SIGTERM);
  EXPECT_EQ(before.Next(), "");
  int refused = 0;
  for (;;) {
    Watching late(environment.channel(), Ask("w-9", true));
    EXPECT_EQ(late.Next(), "");
    const grpc::Status status = late.Finish();
    ASSERT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    if (e2e::CallError(status).info.reason() != "SHUTTING_DOWN") break;
    ++refused;
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(environment.server().process().Wait(), 0);
}

TEST(WatchOrder, OutlivesTheAgeOfItsConnection) {
  Environment environment({"--connection_age_ms=200"});
  environment.Create("w-8", environment.webhook());
  Watching watch(environment.channel(), AskWithBeats("w-8"), "PENDING/SNAPSHOT");
  // Two seconds on, the connection takes no new calls; the stream goes on.
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  EXPECT_EQ(watch.Next(), "UNSPECIFIED/HEARTBEAT");
  environment.Finish3ds("w-8");
  EXPECT_EQ(watch.Next(), "PAID/NOTIFICATION");
  EXPECT_EQ(watch.End(), "OK");
}

TEST(WatchOrder, ReceivesANotificationThatReachedAnotherReplica) {
  testing::RedisProcess redis;
  Environment environment(
      {"--events=" + redis.url(), "--watch_poll_first_ms=3600000", "--watch_poll_max_ms=3600000"});
  const auto other = environment.StartServer(
      {"--events=" + redis.url(), "--watch_poll_first_ms=3600000", "--watch_poll_max_ms=3600000"});
  environment.server().process().WaitForError("\"connected\":true");
  environment.Create("w-7", Environment::WebhookOf(*other));
  Watching watch(environment.channel(), Ask("w-7"), "PENDING/SNAPSHOT");
  environment.Finish3ds("w-7");
  EXPECT_EQ(watch.Next(), "PAID/NOTIFICATION");
}

class Handling : public ::testing::Test {
 protected:
  e2e::Called<v1::HandleNotificationResponse> Handle(const std::string& body,
                                                     const std::string& auth,
                                                     const std::string& transactionid = "") {
    v1::HandleNotificationRequest request;
    request.set_body(body);
    request.set_auth(auth);
    request.set_transactionid(transactionid);
    return e2e::Call(environment_.channel(), &v1::NotificationService::Stub::HandleNotification,
                     request);
  }
  Environment environment_;
};

constexpr char kPaid[] =
    R"({"order_id":"h-1","status":"completed","financial_status":"completed","amount":1000,)"
    R"("currency":"EUR","modified":"2026-06-15T12:00:00","order_total":0.60,)"
    R"("description":"J\u00fcrgen \/ Jürgen","var1":"a","var1":"b"})";

TEST_F(Handling, HandsOutAGenuineOrderAndKnowsARepeat) {
  const std::string auth = GenuineAuth(kPaid);
  const auto first = Handle(kPaid, auth, "h-1");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first.response.order().payment_state(), v1::PAYMENT_STATE_PAID);
  EXPECT_EQ(first.response.order().order_total(), "0.60");
  EXPECT_EQ(first.response.order().description(), "Jürgen / Jürgen");
  EXPECT_EQ(first.response.order().var1(), "b");
  EXPECT_EQ(first.response.reply_body(), "OK");
  EXPECT_FALSE(first.response.duplicate());
  const auto second = Handle(kPaid, auth);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second.response.duplicate());
}

TEST_F(Handling, RefusesWithTypedReasons) {
  const std::string body = kPaid;
  const std::int64_t now = UnixNow();
  const struct {
    const char* name;
    std::string body, auth;
    const char* expected;
  } rows[] = {
      {"no header", body, "nonsense", "UNAUTHENTICATED BAD_AUTH_HEADER"},
      {"another key", body, SignedAuth("another-key", now, body), "UNAUTHENTICATED BAD_SIGNATURE"},
      {"old", body, SignedAuth(testing::kServerKey, now - 700, body), "UNAUTHENTICATED STALE"},
      {"to come", body, SignedAuth(testing::kServerKey, now + 400, body), "UNAUTHENTICATED FUTURE"},
      // The signature comes before the JSON.
      {"no JSON and another key", "{ malformed", SignedAuth("another-key", now, "{ malformed"),
       "UNAUTHENTICATED BAD_SIGNATURE"},
      {"no JSON", "{ malformed", GenuineAuth("{ malformed"), "INVALID_ARGUMENT INVALID_REQUEST"},
  };
  for (const auto& row : rows) {
    const auto call = Handle(row.body, row.auth);
    EXPECT_EQ(call.code() + " " + call.reason(), row.expected) << row.name;
  }
}

TEST_F(Handling, NamesTheFieldThatIsWrong) {
  using ::testing::ElementsAre;
  EXPECT_THAT(Handle("[]", GenuineAuth("[]")).error().Fields(), ElementsAre("body"));
  EXPECT_THAT(Handle(kPaid, GenuineAuth(kPaid), "other").error().Fields(),
              ElementsAre("transactionid"));
  EXPECT_THAT(Handle(kPaid, "").error().Fields(), ElementsAre("auth"));
}

}  // namespace
}  // namespace msp::webhooks
