// SPDX-License-Identifier: Apache-2.0

// Single flight: of identical calls one is sent, and all get its answer.
#include <atomic>

#include "tests/payments/money_test.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

using Create = Caller<v1::CreateOrderRequest, v1::CreateOrderResponse>;
using Refund = Caller<v1::RefundOrderRequest, v1::RefundOrderResponse>;
using std::chrono::milliseconds;
using std::chrono::seconds;

v1::CreateOrderRequest Keyed(const std::string& key = kKey,
                             const std::string& order_id = "order-1") {
  return WithKey(testing::CardOrder(order_id), key);
}

class MoneyFlight : public MoneyTest {
 protected:
  MoneyFlight() {
    client.writes = {OrderJson{}};
    client.keep_writes = true;
  }
};

TEST_F(MoneyFlight, IdenticalCallsAreSentOnceAndAnsweredAlike) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  Create third(api(), "CreateOrder", AsRepeat(Keyed()), site());
  client.Release();
  for (Create* call : {&first, &second, &third}) EXPECT_EQ(call->Summary(), "OK CONFIRMED");
  EXPECT_EQ(second.response.SerializeAsString(), first.response.SerializeAsString());
  EXPECT_EQ(client.requests().size(), 1u);
  EXPECT_EQ(second.request.gateway_info().card_number(), "");
}

TEST_F(MoneyFlight, JoinedCallsShareAnUnknownOutcomeToo) {
  client.writes = {Lost()};
  client.reads = {Absent()};
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(MoneyFlight, ADifferentCallForTheSameOrderIsAborted) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create other_key(api(), "CreateOrder", Keyed("key-2"), site());
  EXPECT_EQ(other_key.Summary(), "ABORTED NOT_SENT ORDER_BUSY");
  v1::CreateOrderRequest content = Keyed();
  content.set_amount(1);
  Create other_content(api(), "CreateOrder", content, site());
  EXPECT_EQ(other_content.Summary(), "ABORTED NOT_SENT ORDER_BUSY");
  auto refund = testing::FromText<v1::RefundOrderRequest>("order_id: 'order-1' amount: 1");
  Refund other_method(api(), "RefundOrder", refund, site());
  EXPECT_EQ(other_method.Summary(), "ABORTED NOT_SENT ORDER_BUSY");
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.requests().size(), 1u);
}

TEST_F(MoneyFlight, OtherOrdersAndOtherSitesAreSentByThemselves) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  client.writes = {OrderJson{.order_id = "order-2"}};
  Create other_order(api(), "CreateOrder", Keyed("key-1", "order-2"), site());
  client.writes = {OrderJson{}};
  Create other_site(api(), "CreateOrder", Keyed(),
                    std::make_shared<const Site>("other", "fghij-12345"));
  EXPECT_EQ(client.written(), 3u);
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(other_order.Summary(), "OK CONFIRMED");
  EXPECT_EQ(other_site.Summary(), "OK CONFIRMED");
}

TEST_F(MoneyFlight, AJoinedCallThatRunsOutOfTimeIsUnknown) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site(), milliseconds(80));
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(MoneyFlight, AJoinedCallIsFreedAtItsEndAndNotAtItsDeadline) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_EQ(second.Summary(), "OK CONFIRMED");
  EXPECT_TRUE(first.freed());
  EXPECT_TRUE(second.freed());
}

// A joined call with more time can still see what the leader could not.
TEST_F(MoneyFlight, AJoinedCallWithMoreTimeGoesOnWhereItsLeaderRanOutOfIt) {
  std::atomic<bool> shows = false;
  client.script = [&](const http::Request& request) {
    if (request.method != http::Method::kGet) return Lost();
    return shows ? OrderJson{}.Marked("key-1") : Absent();
  };
  Create first(api(), "CreateOrder", Keyed(), site(), milliseconds(300));
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  shows = true;
  EXPECT_EQ(second.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

// A caller who has gone may repeat the call by another replica and void the order that it makes.
TEST_F(MoneyFlight, NothingMoreIsSentForACallerWhoHasGone) {
  options.settle_ms = 60;
  client.writes = {Lost(), OrderJson{}};
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", WithResend(Keyed()), site());
  client.WaitForWrite();
  call.call.caller_gone = true;
  client.Release();
  EXPECT_EQ(call.Summary(), kOutcomeUnknown);
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(MoneyFlight, ARepeatWhoseCallerGoesWhileItReadsIsNotSent) {
  options.settle_ms = 60;
  client.keep_writes = false;
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", AsRepeat(Keyed()), site());
  call.call.caller_gone = true;
  EXPECT_EQ(call.Summary(), "CANCELLED NOT_SENT CALLER_GONE");
  EXPECT_EQ(client.written(), 0u);
}

TEST_F(MoneyFlight, AJoinedCallGoesOnForACallerWhoHasGone) {
  options.settle_ms = 60;
  client.writes = {Lost(), OrderJson{}};
  client.reads = {Absent()};
  Create first(api(), "CreateOrder", WithResend(Keyed()), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", WithResend(AsRepeat(Keyed())), site());
  first.call.caller_gone = true;
  client.Release();
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  EXPECT_EQ(second.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.written(), 2u);
}

TEST_F(MoneyFlight, ACompletedCallReleasesTheOrder) {
  client.keep_writes = false;
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_TRUE(first.ok());
  Create second(api(), "CreateOrder", Keyed("key-2"), site());
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(client.written(), 2u);
}

// A second submit: where only a completed order blocks its id, it would start a second payment.
TEST_F(MoneyFlight, AnIdenticalOrderRightAfterCompletionIsReadBeforeItIsSent) {
  client.keep_writes = false;
  client.reads = {OrderJson{}.Marked("key-1")};
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

// A mesh sends a call again without saying so: the limit says nothing about the first.
TEST_F(MoneyFlight, AnIdenticalOrderAfterALostOneIsOpenWhereTheRateLimitMeetsIt) {
  client.keep_writes = false;
  client.writes = {Lost(), ResponseOf(429, "{}")};
  client.reads = {Absent()};
  Create first(api(), "CreateOrder", Keyed(), site(), milliseconds(300));
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  EXPECT_EQ(client.written(), 2u);
}

TEST_F(MoneyFlight, AnOrderThatWasRefusedIsNotReadAgain) {
  client.keep_writes = false;
  client.writes = {Error(1001)};
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_FALSE(first.ok());
  client.writes = {OrderJson{}};
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.read_count(), 0u);
}

TEST_F(MoneyFlight, WithoutItBothAreSent) {
  options.single_flight = false;
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(client.written(), 2u);
}

// Reads are the other half of "nothing is sent again behind the caller's back": they are, and
// nothing else is.
class Reads : public MoneyTest {
 protected:
  using Get = Caller<v1::GetOrderRequest, v1::GetOrderResponse>;
  static v1::GetOrderRequest Order() {
    v1::GetOrderRequest request;
    request.set_order_id("order-1");
    return request;
  }
};

TEST_F(Reads, AreTriedThreeTimesAtTheMost) {
  struct {
    const char* name;
    Responses answers;
    const char* summary;
    std::size_t tries;
  } const cases[] = {
      {"broken", Lost(), "UNAVAILABLE UNSPECIFIED UPSTREAM_UNAVAILABLE", 3},
      {"broken once", Responses(Lost(), OrderJson{}), "OK UNSPECIFIED", 2},
      {"unsent", Responses(Unsent(), OrderJson{}), "OK UNSPECIFIED", 2},
      {"503", Responses(ResponseOf(503, "<html></html>"), OrderJson{}), "OK UNSPECIFIED", 2},
      {"429 that names no time", Responses(ResponseOf(429, "{}"), OrderJson{}),
       "RESOURCE_EXHAUSTED REJECTED RATE_LIMITED", 1},
      {"unexplained 404", ResponseOf(404, "{}"), "NOT_FOUND UNSPECIFIED MSP_HTTP_404", 1},
      {"unknown error and 500", Responses(Error(1000, 500), OrderJson{}), "OK UNSPECIFIED", 2},
      {"absent", Absent(), "NOT_FOUND REJECTED MSP_1006", 1},
      {"late", Lost(http::TransferError::kDeadline),
       "DEADLINE_EXCEEDED UNSPECIFIED UPSTREAM_TIMEOUT", 1},
      {"malformed", ResponseOf(200, "{\"success\":tru"), "INTERNAL UNSPECIFIED UPSTREAM_MALFORMED",
       1},
      {"queue full", Unsent(http::TransferError::kQueueFull),
       "RESOURCE_EXHAUSTED NOT_SENT OVERLOADED", 1},
      {"stopping", Unsent(http::TransferError::kStopped), "UNAVAILABLE NOT_SENT SHUTTING_DOWN", 1},
  };
  for (const auto& the : cases) {
    SCOPED_TRACE(the.name);
    ScriptedClient one;
    one.reads = the.answers;
    telemetry::Metrics metrics;
    Api other(options, TestOperations(), one, metrics);
    Get call(other, "GetOrder", Order(), site());
    EXPECT_EQ(call.Summary(), the.summary);
    EXPECT_EQ(one.read_count(), the.tries);
  }
}

TEST_F(Reads, WaitAsLongAsRetryAfterSaysOrNotAtAll) {
  http::Response busy = ResponseOf(429, "{}");
  busy.retry_after_s = 1;
  client.reads = {busy, OrderJson{}};
  const auto start = http::Clock::now();
  Get patient(api(), "GetOrder", Order(), site());
  EXPECT_TRUE(patient.ok());
  EXPECT_GE(http::Clock::now() - start, seconds(1));
  client.reads = {busy};
  Get hurried(api(), "GetOrder", Order(), site(), milliseconds(900));
  EXPECT_FALSE(hurried.ok());
  EXPECT_EQ(hurried.call.attempts, 1);
}

TEST_F(Reads, AreNotTriedAgainOnceTheBudgetIsSpent) {
  client.reads = {Lost()};
  std::vector<std::unique_ptr<Get>> calls;
  for (int i = 0; i < 200; ++i)
    calls.push_back(std::make_unique<Get>(api(), "GetOrder", Order(), site()));
  for (auto& call : calls) call->End();
  EXPECT_EQ(client.read_count(), 300u) << "200 first tries and the budget of 100";
}

TEST_F(Reads, WritesThatMoveNoMoneyAreSentOnceAllTheSame) {
  client.writes = {Lost()};
  auto update = testing::FromText<v1::UpdateOrderRequest>("order_id: 'order-1' status: 'shipped'");
  Caller<v1::UpdateOrderRequest, v1::UpdateOrderResponse> call(api(), "UpdateOrder", update,
                                                               site());
  EXPECT_FALSE(call.ok());
  EXPECT_EQ(client.written(), 1u);
}

}  // namespace
}  // namespace msp::payments
