// SPDX-License-Identifier: Apache-2.0

// WatchOrder where MultiSafepay's answers lag behind, go back in time or fail, and where streams
// are resumed: at a gRPC client's end, before a scripted MultiSafepay.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "httplib.h"
#include "nlohmann/json.hpp"
#include "service/base/text.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/server_process.h"
#include "tests/testing/upstream.h"
#include "tests/webhooks/environment.h"
#include "tests/webhooks/notes.h"
#include "tests/webhooks/watching.h"

namespace msp::webhooks {
namespace {

using testing::RecordedRequest;
using testing::Reply;

constexpr char kPaymentId[] = "4051823";

// The order w-1 as MultiSafepay shows it; `time` is of the day that summer time ends.
std::string OrderJson(const std::string& status, const std::string& time,
                      const std::string& order_id = "\"w-1\"") {
  const bool begun = status == "initialized" || status == "declined";
  return R"({"order_id":)" + order_id + R"(,"transaction_id":)" + kPaymentId + R"(,"status":")" +
         status + R"(","financial_status":")" + (begun ? status : "completed") +
         R"(","amount":1000,"currency":"EUR","modified":"2026-10-25T)" + time +
         R"(","payment_details":{"type":"VISA"}})";
}

std::string Data(const std::string& order) { return R"({"success":true,"data":)" + order + "}"; }

class Resuming : public ::testing::Test {
 protected:
  // A replica, polling fast; reads lag behind for no more than 400 ms.
  std::unique_ptr<testing::ServerProcess> Replica(const std::string& key = testing::kServerKey) {
    return std::make_unique<testing::ServerProcess>(
        upstream_.url(),
        std::vector<std::string>{"--webhook_listen=127.0.0.1:0", "--watch_poll_first_ms=500",
                                 "--watch_poll_max_ms=500", "--settle_ms=200"},
        std::map<std::string, std::string>{{"MSP_API_KEY", key}});
  }
  void Show(const std::string& status, const std::string& time) {
    upstream_.Answer(200, Data(OrderJson(status, time)));
  }
  static int PostNotification(const testing::ServerProcess& server, const std::string& body,
                              const std::string& query = {}) {
    httplib::Client client("http://" + Environment::WebhookOf(server));
    const httplib::Headers headers{{"Auth", GenuineAuth(body)}};
    const auto answer = client.Post("/webhook" + query, headers, body, "application/json");
    return answer ? answer->status : -1;
  }

  testing::Upstream upstream_;
};

TEST_F(Resuming, AStateWhoseModifiedWentBackIsSent) {
  const struct {
    const char* pending;
    const char* paid;
  } rows[] = {{"12:00:05", "12:00:04"}, {"02:59:30", "02:00:10"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.paid);
    const auto server = Replica();
    Show("initialized", row.pending);
    Watching watch(Environment::Dial(*server), Ask("w-1"), "PENDING/SNAPSHOT");
    Show("completed", row.paid);
    EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
    EXPECT_EQ(watch.Next(), "");
  }
}

TEST_F(Resuming, AStreamNeverGoesBackOnAReplicaWhoseReadsLagBehind) {
  for (const char* pending : {"12:00:01", "12:00:02", "12:00:03"}) {
    Show("completed", "12:00:02");
    const auto server = Replica();
    Watching watch(Environment::Dial(*server), Ask("w-1"), "PAID/SNAPSHOT");
    std::atomic<int> reads{0};
    upstream_.Script([&reads, pending](const RecordedRequest&) {
      return Reply::Json(200, Data(reads++ == 0 ? OrderJson("initialized", pending)
                                                : OrderJson("completed", "12:00:02")));
    });
    const auto other = Replica();
    Watching resumed(Environment::Dial(*other), Ask("w-1", false, watch.last.resume_token()));
    EXPECT_EQ(resumed.End(), "OK") << pending;
    EXPECT_GT(reads, 1);
    upstream_.Answer(404, "{}");
  }
}

TEST_F(Resuming, ASecondWatcherReceivesTheKnownStateThoughReadsFail) {
  Show("initialized", "12:00:01");
  const auto server = Replica();
  const auto channel = Environment::Dial(*server);
  Watching first(channel, AskWithBeats("w-1"), "PENDING/SNAPSHOT");
  upstream_.Answer(503, "{}");
  EXPECT_EQ(first.Next(), "UNSPECIFIED/HEARTBEAT");
  EXPECT_EQ(first.Next(), "UNSPECIFIED/HEARTBEAT");
  Watching second(channel, AskWithBeats("w-1"), "PENDING/SNAPSHOT");
}

TEST_F(Resuming, FollowFindsUnnotifiedChangesAfterADeclineAndAfterPaid) {
  Show("declined", "12:00:01");
  const auto server = Replica();
  Watching watch(Environment::Dial(*server), Ask("w-1", /*follow=*/true), "DECLINED/SNAPSHOT");
  Show("completed", "12:00:02");
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  Show("chargedback", "12:00:03");
  EXPECT_EQ(watch.Next(), "CHARGED_BACK/LOOKUP");
}

TEST_F(Resuming, ATokenOutlivesTheApiKey) {
  Show("completed", "12:00:02");
  const auto server = Replica();
  Watching watch(Environment::Dial(*server), Ask("w-1"), "PAID/SNAPSHOT");
  const auto rotated = Replica("another-key-after-two-rotations");
  Watching resumed(Environment::Dial(*rotated), Ask("w-1", false, watch.last.resume_token()));
  EXPECT_EQ(resumed.End(), "OK");
}

TEST_F(Resuming, AnOrderNamedByMultiSafepaysIdIsWatchedAndResumedByEitherId) {
  Show("initialized", "12:00:01");
  const auto server = Replica();
  const auto channel = Environment::Dial(*server);
  Watching watch(channel, Ask(kPaymentId, /*follow=*/true), "PENDING/SNAPSHOT");
  EXPECT_EQ(watch.last.order().order_id(), "w-1");
  // The reads of this replica lag behind: the state can only come by the notification.
  EXPECT_EQ(PostNotification(*server, OrderJson("completed", "12:00:02"), "?transactionid=w-1"),
            200);
  EXPECT_EQ(watch.Next(), "PAID/NOTIFICATION");
  Show("completed", "12:00:02");
  for (const char* id : {kPaymentId, "w-1"}) {
    Watching resumed(channel, Ask(id, false, watch.last.resume_token()));
    EXPECT_EQ(resumed.End(), "OK") << id;
  }
}

TEST_F(Resuming, ATokenOfAnotherOrderIsRefusedByItsField) {
  Show("completed", "12:00:02");
  const auto server = Replica();
  const auto channel = Environment::Dial(*server);
  Watching watch(channel, Ask("w-1"), "PAID/SNAPSHOT");
  upstream_.Answer(200, Data(OrderJson("completed", "12:00:02", "\"w-2\"")));
  Watching other(channel, Ask("w-2", false, watch.last.resume_token()));
  EXPECT_EQ(other.Next(), "");
  const grpc::Status status = other.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(e2e::CallError(status).Fields(), std::vector<std::string>{"resume_token"});
}

// The query is not signed: it counts only where the body's number has lost its leading zeros.
TEST_F(Resuming, ANotificationIsAboutTheIdInItsBody) {
  const struct {
    const char* id;
    const char* transactionid;
    const char* order_id;
  } rows[] = {{"\"7\"", "007", "7"},
              {"\"007\"", "7", "007"},
              {"7", "007", "007"},
              {"7", "7", "7"},
              {" 7 ", "007", "007"},
              {"\"007\"", "007", "007"},
              {"\"7\",\"related_transactions\":[{\"order_id\":7}]", "007", "7"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.id) + ' ' + row.transactionid);
    const auto server = Replica();
    upstream_.Answer(200, Data(OrderJson("initialized", "12:00:01", row.id)));
    Watching watch(Environment::Dial(*server), Ask(row.order_id), "PENDING/SNAPSHOT");
    EXPECT_EQ(PostNotification(*server, OrderJson("completed", "12:00:02", row.id),
                               std::string("?transactionid=") + row.transactionid),
              200);
    EXPECT_EQ(watch.Next(), "PAID/NOTIFICATION");
    EXPECT_EQ(watch.last.order().order_id(), row.order_id);
  }
}

}  // namespace
}  // namespace msp::webhooks
