// SPDX-License-Identifier: Apache-2.0

// Leases, against a real Redis that also dies and comes back.
#include "service/payments/lease.h"

#include <future>

#include "tests/payments/payment_call_fixture.h"
#include "tests/testing/redis_process.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

using Create = Caller<v1::CreateOrderRequest, v1::CreateOrderResponse>;
using Grant = Lease::Grant;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kLongMs = 30'000;
constexpr milliseconds kNoMemory{0};  // A Redis that is relied on from the start.

class LeaseTest : public PaymentCallTest {
 protected:
  RedisAddress Address() const { return {.host = "127.0.0.1", .port = redis_.port()}; }

  static Grant Acquire(Lease& lease, const std::string& name, const std::string& digest,
                       std::int64_t ttl_ms = kLongMs) {
    std::promise<Grant> grant;
    lease.Acquire(name, digest, ttl_ms, [&](Grant granted) { grant.set_value(granted); });
    return grant.get_future().get();
  }
  // Asks until Redis says what is expected, as long as a test waits for anything.
  static Grant AcquireInTime(Lease& lease, Grant expected, const std::string& name,
                             const std::string& digest) {
    const auto end = http::Clock::now() + testing::kWaitMax;
    Grant grant = Acquire(lease, name, digest);
    while (grant != expected && http::Clock::now() < end) grant = Acquire(lease, name, digest);
    return grant;
  }

  testing::RedisProcess redis_;
  telemetry::Metrics metrics_;
  Lease ours_{Address(), metrics_, Lease::kTerm, kNoMemory};
  Lease theirs_{Address(), metrics_, Lease::kTerm, kNoMemory};
};

TEST_F(LeaseTest, OneReplicaHoldsItAndTheOthersLearnWhetherTheirCallIsTheSame) {
  EXPECT_EQ(Acquire(ours_, "site order-1", "call"), Grant::kGranted);
  EXPECT_EQ(Acquire(theirs_, "site order-1", "call"), Grant::kHeldBySame);
  EXPECT_EQ(Acquire(theirs_, "site order-1", "another call"), Grant::kHeldByOther);
  EXPECT_EQ(Acquire(theirs_, "site order-2", "call"), Grant::kGranted);
}

TEST_F(LeaseTest, OnlyItsHolderGivesItUp) {
  EXPECT_EQ(Acquire(ours_, "site order-1", "call"), Grant::kGranted);
  theirs_.Release("site order-1", "call", false);
  EXPECT_EQ(Acquire(theirs_, "site order-1", "call"), Grant::kHeldBySame);
  ours_.Release("site order-1", "call", false);
  // Redis may receive theirs before ours.
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-1", "call"), Grant::kGranted);
}

TEST_F(LeaseTest, ACompletedCallIsReportedToTheNextIdenticalOne) {
  EXPECT_EQ(Acquire(ours_, "site order-1", "call"), Grant::kGranted);
  ours_.Release("site order-1", "call", true);
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGrantedAfterSame, "site order-1", "call"),
            Grant::kGrantedAfterSame);
  theirs_.Release("site order-1", "call", true);
  EXPECT_EQ(AcquireInTime(ours_, Grant::kGranted, "site order-1", "another call"), Grant::kGranted);
}

TEST_F(LeaseTest, EachCompletedCallIsReportedWhateverElseWasDoneToTheOrderSince) {
  const auto run = [&](Lease& lease, const std::string& digest, milliseconds remember_for) {
    const Grant grant = AcquireInTime(lease, Grant::kGranted, "site order-1", digest);
    lease.Release("site order-1", digest, remember_for);
    return grant;
  };
  for (const char* call : {"create", "refund 1", "refund 2", "capture"})
    EXPECT_EQ(run(ours_, call, seconds(60)), Grant::kGranted) << call;
  EXPECT_EQ(run(ours_, "refused", seconds(0)), Grant::kGranted);
  for (const char* call : {"create", "refund 1", "refund 2", "capture"}) {
    EXPECT_EQ(AcquireInTime(theirs_, Grant::kGrantedAfterSame, "site order-1", call),
              Grant::kGrantedAfterSame)
        << call;
    theirs_.Release("site order-1", call, false);
  }
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-1", "refused"), Grant::kGranted);
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-2", "create"), Grant::kGranted);
}

TEST_F(LeaseTest, OfAKilledHolderEndsWithinItsTermHoweverLongItsCallMayTake) {
  {
    Lease dead(Address(), metrics_, milliseconds(300), kNoMemory);
    EXPECT_EQ(Acquire(dead, "site order-1", "call"), Grant::kGranted);
  }
  EXPECT_EQ(Acquire(theirs_, "site order-1", "another call"), Grant::kHeldByOther);
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-1", "another call"),
            Grant::kGranted);
}

TEST_F(LeaseTest, LastsAsLongAsItsCallRunsAndNoLonger) {
  Lease ours(Address(), metrics_, milliseconds(300), kNoMemory);
  EXPECT_EQ(Acquire(ours, "site order-1", "call"), Grant::kGranted);
  const auto four_terms = http::Clock::now() + milliseconds(1'200);
  while (http::Clock::now() < four_terms)
    ASSERT_EQ(Acquire(theirs_, "site order-1", "call"), Grant::kHeldBySame);
  ours.Release("site order-1", "call", false);
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-1", "call"), Grant::kGranted);
}

TEST_F(LeaseTest, IsNotRenewedBeyondTheTimeOfItsCall) {
  Lease ours(Address(), metrics_, milliseconds(300), kNoMemory);
  const auto start = http::Clock::now();
  EXPECT_EQ(Acquire(ours, "site order-1", "lost call", 700), Grant::kGranted);
  EXPECT_EQ(AcquireInTime(theirs_, Grant::kGranted, "site order-1", "another call"),
            Grant::kGranted);
  EXPECT_GE(http::Clock::now() - start, milliseconds(690));
}

TEST_F(LeaseTest, IsTakenAgainWhenRedisCameBackEmpty) {
  Lease ours(Address(), metrics_, milliseconds(300), kNoMemory);
  EXPECT_EQ(Acquire(ours, "site order-1", "call"), Grant::kGranted);
  redis_.Kill();
  redis_.Start();
  const auto end = http::Clock::now() + testing::kWaitMax;
  Grant grant = Grant::kUnavailable;
  while (grant != Grant::kHeldByOther && http::Clock::now() < end) {
    grant = Acquire(theirs_, "site order-1", "another call");
    if (grant == Grant::kGranted) theirs_.Release("site order-1", "another call", false);
  }
  EXPECT_EQ(grant, Grant::kHeldByOther);
}

TEST_F(LeaseTest, SaysAtOnceThatRedisIsGoneAndFindsItAgain) {
  EXPECT_EQ(Acquire(ours_, "site order-1", "call"), Grant::kGranted);
  redis_.Kill();
  EXPECT_EQ(Acquire(ours_, "site order-1", "call"), Grant::kUnavailable);
  const auto start = http::Clock::now();
  EXPECT_EQ(Acquire(ours_, "site order-2", "call"), Grant::kUnavailable);
  EXPECT_LT(http::Clock::now() - start, seconds(1));
  redis_.Start();
  EXPECT_EQ(AcquireInTime(ours_, Grant::kGranted, "site order-3", "call"), Grant::kGranted);
}

TEST_F(LeaseTest, ARedisThatHasLostEverythingIsNotReliedOnForAWhile) {
  Lease lease(Address(), metrics_, Lease::kTerm, milliseconds(200));
  EXPECT_EQ(Acquire(lease, "site order-1", "call"), Grant::kGrantedBlind);
  EXPECT_EQ(AcquireInTime(lease, Grant::kGranted, "site order-2", "call"), Grant::kGranted);
  redis_.Kill();
  redis_.Start();
  EXPECT_EQ(AcquireInTime(lease, Grant::kGrantedBlind, "site order-3", "call"),
            Grant::kGrantedBlind);
}

// Another replica may have refunded a moment ago: MultiSafepay's record has the settle time to show
// it.
TEST_F(LeaseTest, WhereRedisMayHaveForgottenARefundWaitsForTheRecord) {
  Lease lease(Address(), metrics_);
  Api api(options, TestOperations(), client, metrics_, &lease);
  auto request = testing::FromText<v1::RefundOrderRequest>(
      "order_id: 'order-1' amount: 500 currency: 'EUR' refund_order_id: 'refund-7'");
  client.reads = {
      OrderJson{}, OrderJson{},
      OrderJson{.related = R"([{"type":"refund","transaction_id":91,"amount":500,"currency":"EUR",)"
                           R"("status":"reserved","refund_order_id":"refund-7"}])"}};
  Caller<v1::RefundOrderRequest, v1::RefundOrderResponse> refund(api, "RefundOrder", request,
                                                                 site());
  EXPECT_EQ(refund.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 0u);
}

TEST_F(LeaseTest, TwoReplicasSendOneCallOnceAndAnswerItAlike) {
  Api first_api(options, TestOperations(), client, metrics_, &ours_);
  Api second_api(options, TestOperations(), client, metrics_, &theirs_);
  client.writes = {OrderJson{}.Marked("key-1")};
  client.reads = {OrderJson{}.Marked("key-1")};
  client.keep_writes = true;
  Create first(first_api, "CreateOrder", WithKey(DirectOrder()), site());
  client.WaitForWrite();
  Create different(second_api, "CreateOrder", WithKey(DirectOrder(), "key-2"), site());
  EXPECT_EQ(different.Summary(), "ABORTED NOT_SENT ORDER_BUSY");
  Create same(second_api, "CreateOrder", WithKey(DirectOrder()), site());
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(same.Summary(), "OK CONFIRMED replayed");
  EXPECT_EQ(client.written(), 1u);
}

TEST_F(LeaseTest, WithoutRedisEachReplicaHasItsOwnFlightsStill) {
  Api one(options, TestOperations(), client, metrics_, &ours_);
  redis_.Kill();
  client.writes = {OrderJson{}};
  client.keep_writes = true;
  Create first(one, "CreateOrder", WithKey(DirectOrder()), site());
  client.WaitForWrite();
  Create same(one, "CreateOrder", WithKey(DirectOrder()), site());
  client.Release();
  EXPECT_EQ(first.Summary(), "OK CONFIRMED");
  EXPECT_EQ(same.Summary(), "OK CONFIRMED");
  EXPECT_EQ(client.written(), 1u);
}

TEST(RedisUrl, TakesHostAndPortAndNothingElse) {
  RedisAddress address;
  EXPECT_TRUE(ParseRedisUrl("redis://cache.example:6380", &address));
  EXPECT_EQ(address.host, "cache.example");
  EXPECT_EQ(address.port, 6380);
  EXPECT_TRUE(ParseRedisUrl("redis://cache.example/", &address));
  for (const char* url : {"", "cache:6379", "rediss://cache:6379", "redis://", "redis://:6379",
                          "redis://user@cache:6379", "redis://cache:0", "redis://cache:65536",
                          "redis://cache:port", "redis://cache:6379/1"})
    EXPECT_FALSE(ParseRedisUrl(url, &address)) << url;
}

}  // namespace
}  // namespace msp::payments
