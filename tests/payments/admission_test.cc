// SPDX-License-Identifier: Apache-2.0

// Single flight: of identical calls one is sent, and all get its answer.
#include <atomic>

#include "tests/payments/payment_call_fixture.h"
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

class PaymentAdmission : public PaymentCallTest {
 protected:
  PaymentAdmission() {
    client.writes = {OrderJson{}};
    client.keep_writes = true;
  }
};

TEST_F(PaymentAdmission, IdenticalCallsAreSentOnceAndAnsweredAlike) {
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

TEST_F(PaymentAdmission, JoinedCallsShareAnUnknownOutcomeToo) {
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

TEST_F(PaymentAdmission, ADifferentCallForTheSameOrderIsAborted) {
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

TEST_F(PaymentAdmission, OtherOrdersAndOtherSitesAreSentByThemselves) {
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

TEST_F(PaymentAdmission, AJoinedCallThatRunsOutOfTimeIsUnknown) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site(), milliseconds(80));
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(PaymentAdmission, AJoinedCallIsFreedAtItsEndAndNotAtItsDeadline) {
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_EQ(second.Summary(), "OK CONFIRMED");
  EXPECT_TRUE(first.freed());
  EXPECT_TRUE(second.freed());
}

// A joined call with more time can still see what the leader could not.
TEST_F(PaymentAdmission, AJoinedCallWithMoreTimeGoesOnWhereItsLeaderRanOutOfIt) {
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
TEST_F(PaymentAdmission, NothingMoreIsSentForACallerWhoHasGone) {
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

TEST_F(PaymentAdmission, ARepeatWhoseCallerGoesWhileItReadsIsNotSent) {
  options.settle_ms = 60;
  client.keep_writes = false;
  client.reads = {Absent()};
  Create call(api(), "CreateOrder", AsRepeat(Keyed()), site());
  call.call.caller_gone = true;
  EXPECT_EQ(call.Summary(), "CANCELLED NOT_SENT CALLER_GONE");
  EXPECT_EQ(client.written(), 0u);
}

TEST_F(PaymentAdmission, AJoinedCallGoesOnForACallerWhoHasGone) {
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

TEST_F(PaymentAdmission, ACompletedCallReleasesTheOrder) {
  client.keep_writes = false;
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_TRUE(first.ok());
  Create second(api(), "CreateOrder", Keyed("key-2"), site());
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(client.written(), 2u);
}

// A second submit: where only a completed order blocks its id, it would start a second payment.
TEST_F(PaymentAdmission, AnIdenticalOrderRightAfterCompletionIsReadBeforeItIsSent) {
  client.keep_writes = false;
  client.reads = {OrderJson{}.Marked("key-1")};
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

// A mesh sends a call again without saying so: the limit says nothing about the first.
TEST_F(PaymentAdmission, AnIdenticalOrderAfterALostOneIsOpenWhereTheRateLimitMeetsIt) {
  client.keep_writes = false;
  client.writes = {Lost(), ResponseOf(429, "{}")};
  client.reads = {Absent()};
  Create first(api(), "CreateOrder", Keyed(), site(), milliseconds(300));
  EXPECT_EQ(first.Summary(), kOutcomeUnknown);
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), kOutcomeUnknown);
  EXPECT_EQ(client.written(), 2u);
}

TEST_F(PaymentAdmission, AnOrderThatWasRefusedIsNotReadAgain) {
  client.keep_writes = false;
  client.writes = {Error(1001)};
  Create first(api(), "CreateOrder", Keyed(), site());
  EXPECT_FALSE(first.ok());
  client.writes = {OrderJson{}};
  Create second(api(), "CreateOrder", Keyed(), site());
  EXPECT_EQ(second.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.read_count(), 0u);
}

TEST_F(PaymentAdmission, WithoutItBothAreSent) {
  options.single_flight = false;
  Create first(api(), "CreateOrder", Keyed(), site());
  client.WaitForWrite();
  Create second(api(), "CreateOrder", Keyed(), site());
  client.Release();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(client.written(), 2u);
}

}  // namespace
}  // namespace msp::payments
