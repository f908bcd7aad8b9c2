// SPDX-License-Identifier: Apache-2.0

// What becomes of a money-moving call when the connection, the deadline or the caller gives up: one
// POST at the most, and a status that says what is certain.
#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "tests/e2e/end_to_end.h"
#include "tests/testing/loopback.h"
#include "tests/testing/wait.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SendOutcome : public EndToEnd {
 protected:
  static void ExpectUnknown(const Called<v1::CreateOrderResponse>& call,
                            const msp::testing::Upstream& upstream) {
    EXPECT_EQ(call.Summary(), "UNKNOWN UNKNOWN OUTCOME_UNKNOWN") << call.status.error_message();
    const CallError error = call.error();
    EXPECT_EQ(error.info.domain(), "multisafepay-grpc");
    EXPECT_EQ(error.Metadata("order_id"), "order-1");
    EXPECT_FALSE(error.retry.has_value());
    EXPECT_EQ(upstream.Count("POST"), 1);
  }
  // Nothing was sent, and the caller may send it again.
  static void ExpectNotSent(const Called<v1::CreateOrderResponse>& call) {
    EXPECT_EQ(call.Summary(), "UNAVAILABLE NOT_SENT NOT_SENT") << call.status.error_message();
    const CallError error = call.error();
    ASSERT_TRUE(error.retry.has_value());
    const auto& delay = error.retry->retry_delay();
    EXPECT_GT(delay.seconds() + delay.nanos(), 0);
  }
};

TEST_F(SendOutcome, ReusedConnectionThatDiesAfterTheRequestIsUnknownAfterOnePost) {
  for (const CloseMode mode : {CloseMode::kRst, CloseMode::kFin}) {
    SCOPED_TRACE(mode == CloseMode::kRst ? "RST" : "FIN");
    msp::testing::Upstream dying;
    dying.Script([mode](const RecordedRequest& request) {
      return request.method == "POST" ? Reply::Close(mode) : NoSuchOrder();
    });
    StartServer({}, dying.url() + "/v1/json");
    EXPECT_EQ(Get().code(), "NOT_FOUND");  // Opens the connection.
    dying.WaitForIdle(1);
    ExpectUnknown(Create(CardOrder()), dying);
    for (const RecordedRequest& request : dying.requests()) {
      EXPECT_TRUE(request.method != "POST" || request.connection == 0) << "was not a reused one";
    }
  }
}

// An order of some 700 kB: far more than the sockets hold when nobody reads.
v1::CreateOrderRequest LongOrder() {
  v1::CreateOrderRequest order = CardOrder();
  for (int i = 0; i < 700; ++i) {
    auto& item = *order.mutable_shopping_cart()->add_items();
    item.set_name("item " + std::to_string(i));
    item.set_description(std::string(1'000, 'x'));
    item.set_unit_price(1);
    item.set_quantity(1);
    item.set_merchant_item_id(std::to_string(i));
  }
  return order;
}

TEST_F(SendOutcome, BodyThatLeftInPartIsNotSentAndMayBeSentAgain) {
  for (const CloseMode mode : {CloseMode::kRst, CloseMode::kFin}) {
    for (const bool reusable : {false, true}) {
      msp::testing::Upstream dying;
      dying.Script(RespondAsMultiSafepay);
      StartServer({}, dying.url() + "/v1/json");
      if (reusable) Get();
      std::atomic<int> begun = 0;
      dying.ScriptEarly([&](const RecordedRequest& head) -> std::optional<Reply> {
        if (head.method != "POST" || begun++ > 0) return std::nullopt;
        return Reply::Close(mode);
      });
      const auto call = Create(LongOrder());
      ExpectNotSent(call);
      EXPECT_THAT(call.status.error_message(), Not(HasSubstr("could not connect")));
      EXPECT_EQ(dying.Count("POST"), 0) << "none came whole";
      EXPECT_TRUE(Create(LongOrder()).ok());
      EXPECT_EQ(begun, 2);
      EXPECT_EQ(dying.Count("POST"), 1);
    }
  }
}

TEST_F(SendOutcome, WhatIsNoCompleteResponseIsUnknown) {
  const std::string body = PaidResponse(R"({"order_id":"order-1","amount":9743,"currency":"EUR"})");
  const struct {
    const char* name;
    Reply reply;
  } rows[] = {
      {"half", Reply::Json(200, body).DeclaredLength(body.size() + 10).Then(CloseMode::kFin)},
      {"not HTTP", Reply::Raw("SSH-2.0-OpenSSH_9.2\r\n\r\n", CloseMode::kFin)},
      {"too long", Reply::Json(200, std::string(3 << 20, ' '))},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    msp::testing::Upstream breaking;
    breaking.Script([&row](const RecordedRequest& request) {
      return request.method == "POST" ? row.reply : RespondAsMultiSafepay(request);
    });
    StartServer({}, breaking.url() + "/v1/json");
    ExpectUnknown(Create(CardOrder()), breaking);
  }
}

TEST_F(SendOutcome, RedirectIsNotFollowed) {
  msp::testing::Upstream elsewhere;
  upstream().Script([&elsewhere](const RecordedRequest& request) {
    if (request.method != "POST") return RespondAsMultiSafepay(request);
    return Reply::Json(307, "").Header("Location", elsewhere.url() + "/orders");
  });
  ExpectUnknown(Create(CardOrder()), upstream());
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(SendOutcome, RefusedConnectionIsNotSentAndMayBeRetried) {
  // Nobody listens, and nobody else can.
  int port = 0;
  const int bound = msp::testing::BindLoopback(port);
  StartServer({}, "http://127.0.0.1:" + std::to_string(port) + "/v1/json");
  ExpectNotSent(Create(CardOrder()));
  close(bound);
}

TEST_F(SendOutcome, NameThatDoesNotResolveIsNotSent) {
  StartServer({}, "https://no-such-host.invalid/v1/json");
  ExpectNotSent(Create(CardOrder()));
}

TEST_F(SendOutcome, PlaintextServerBehindHttpsIsNotSent) {
  StartServer({}, "https://127.0.0.1:" + std::to_string(upstream().port()) + "/v1/json");
  upstream().RefuseConnections(CloseMode::kFin);
  ExpectNotSent(Create(CardOrder()));
}

TEST_F(SendOutcome, ResetOfAnIdleConnectionIsNotTakenForALostCall) {
  for (const CloseMode mode : {CloseMode::kRst, CloseMode::kFin}) {
    const int posts = upstream().Count("POST");
    EXPECT_EQ(Get().code(), "NOT_FOUND");
    upstream().WaitForIdle(1);
    upstream().CloseIdle(mode);
    const auto call = Create(CardOrder());
    EXPECT_TRUE(call.ok()) << call.status.error_message();
    EXPECT_EQ(upstream().Count("POST"), posts + 1);
  }
}

TEST_F(SendOutcome,
       LateAnswerIsUnknownForMoneyAndDeadlineExceededForAReadWithinTheServersOwnBound) {
  StartServer({"--upstream_timeout_ms=150", "--call_max_ms=400"});
  HoldResponses();
  const auto created = Create(CardOrder());
  const auto got = Get();
  gate().Open();
  ExpectUnknown(created, upstream());
  EXPECT_EQ(got.Summary(), "DEADLINE_EXCEEDED UPSTREAM_TIMEOUT");
}

TEST_F(SendOutcome, CallersOwnDeadlineEndsInUnknownFromTheServerAndNotInATimer) {
  upstream().Script([this](const RecordedRequest& request) {
    if (request.method == "POST") gate().Wait();
    return RespondAsMultiSafepay(request);
  });
  channel()->WaitForConnected(Later());
  const auto call = Call(channel(), &v1::OrderService::Stub::CreateOrder, CardOrder(), "",
                         std::chrono::system_clock::now() + std::chrono::milliseconds(1'500));
  gate().Open();
  // On a machine that is busy the client's timer may be first; then there is no ErrorInfo, and the
  // caller reads that as unknown too. It is never an answer that invites a resend.
  if (call.status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED)
    ExpectUnknown(call, upstream());
  EXPECT_EQ(upstream().Count("POST"), 1);
}

TEST_F(SendOutcome, CancelledCallRunsToItsEndAndIsRecorded) {
  HoldResponses();
  CallInFlight call(channel(), CardOrder());
  upstream().WaitForRequests(1);
  call.Cancel();
  EXPECT_EQ(NameOf(call.Join().error_code()), "CANCELLED");
  // The server has received the cancellation once it answers a later call of the same connection.
  v1::CreateOrderRequest invalid = CardOrder("order-2");
  invalid.clear_description();
  EXPECT_EQ(Create(invalid).code(), "INVALID_ARGUMENT");
  gate().Open();
  // The answer is taken all the same: the outcome of the payment is in the log.
  const std::string line = server().process().WaitForError("\"caller_gone\"");
  EXPECT_THAT(line, HasSubstr("CONFIRMED"));
  EXPECT_THAT(line, HasSubstr("order-1"));
  upstream().WaitForIdle(1);  // The connection was not cut.
  EXPECT_EQ(upstream().Count("POST"), 1);
}

// Its caller may have the payment from another replica by the time that the record has settled, and
// have voided it, which frees the id.
TEST_F(SendOutcome, CancelledCallIsNotSentAgain) {
  for (const bool repeat : {false, true}) {
    SCOPED_TRACE(repeat ? "a repeat, while it reads" : "a lost answer");
    StartServer({"--settle_ms=300", "--reconcile_backoff_ms=20"});
    const int posts = upstream().Count("POST");
    upstream().Script([](const RecordedRequest& request) {
      return request.method == "POST" ? Reply::Close(CloseMode::kRst) : NoSuchOrder();
    });
    v1::CreateOrderRequest order = CardOrder(repeat ? "order-2" : "order-1");
    order.mutable_control()->set_resend_if_absent(true);
    order.mutable_control()->set_repeat(repeat);
    const int reads = upstream().Count("GET");
    CallInFlight call(channel(), order);
    msp::testing::WaitUntil([&] { return upstream().Count("GET") > reads; });
    call.Cancel();
    EXPECT_EQ(NameOf(call.Join().error_code()), "CANCELLED");
    const std::string line = server().process().WaitForError("\"caller_gone\"");
    EXPECT_THAT(line, HasSubstr(repeat ? "NOT_SENT" : "UNKNOWN"));
    EXPECT_EQ(upstream().Count("POST"), posts + (repeat ? 0 : 1));
  }
}

TEST_F(SendOutcome, DrainLetsTheCallInFlightEnd) {
  HoldResponses();
  CallInFlight call(channel(), CardOrder());
  upstream().WaitForRequests(1);
  server().process().Signal(SIGTERM);
  server().process().WaitForError("\"draining\"");
  gate().Open();
  EXPECT_TRUE(call.Join().ok()) << call.Join().error_message();
  EXPECT_EQ(call.response().result().outcome(), v1::OUTCOME_CONFIRMED);
  EXPECT_EQ(server().process().Wait(), 0);
  EXPECT_EQ(upstream().Count("POST"), 1);
}

TEST_F(SendOutcome, FullQueueIsResourceExhaustedAndNotSent) {
  StartServer({"--http_connections_max=2", "--http_queue_max=1"});
  HoldResponses();
  std::vector<std::unique_ptr<CallInFlight>> calls;
  std::vector<std::string> codes;
  for (int i = 0; i < 8; ++i)
    calls.push_back(
        std::make_unique<CallInFlight>(channel(), CardOrder("order-" + std::to_string(i))));
  upstream().WaitForRequests(1);
  // The calls that find no place end at once, while the gate is shut.
  int refused = 0;
  std::thread opener([&] {
    server().process().WaitForError("RESOURCE_EXHAUSTED");
    gate().Open();
  });
  for (const auto& call : calls) {
    const grpc::Status& status = call->Join();
    if (status.ok()) continue;
    ++refused;
    EXPECT_EQ(SummaryOf(status), "RESOURCE_EXHAUSTED NOT_SENT OVERLOADED");
    EXPECT_TRUE(CallError(status).retry.has_value());
  }
  opener.join();
  EXPECT_GT(refused, 0);
  EXPECT_EQ(upstream().Count("POST"), 8 - refused);
}

}  // namespace
}  // namespace msp::e2e
