// SPDX-License-Identifier: Apache-2.0

// Which reads are tried again, when and how often.
#include "tests/payments/payment_call_fixture.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Reads are the other half of "nothing is sent again behind the caller's back": they are, and
// nothing else is.
class Reads : public PaymentCallTest {
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
