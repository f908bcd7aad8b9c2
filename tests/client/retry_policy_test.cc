// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/retry_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/cpp/certain.h"
#include "tests/client/fake_service.h"
#include "tests/testing/free_port.h"

namespace msp::client {
namespace {

using grpc::StatusCode;
using testing::FakeAnswer;
using testing::FakeService;
using testing::Refuse;
using testing::ReplyOf;
using testing::SeenCall;

FakeAnswer Confirmed(const std::string& reason = "") {
  v1::CreateOrderResponse reply;
  reply.mutable_order()->set_order_id("tulip-1");
  reply.mutable_result()->set_outcome(v1::OUTCOME_CONFIRMED);
  reply.mutable_result()->set_reason(reason);
  return ReplyOf(reply);
}

FakeAnswer Unknown() { return Refuse(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "UNKNOWN"); }

FakeAnswer Lost() { return {.status = {StatusCode::UNAVAILABLE, "connection lost"}}; }

FakeAnswer Rejected() {
  return Refuse({.code = StatusCode::FAILED_PRECONDITION,
                 .reason = "MSP_1016",
                 .domain = "multisafepay.com",
                 .outcome = "REJECTED"});
}

FakeAnswer RateLimited(int retry_after_ms) {
  return Refuse({.code = StatusCode::RESOURCE_EXHAUSTED,
                 .reason = "RATE_LIMITED",
                 .outcome = "REJECTED",
                 .retry_after_ms = retry_after_ms});
}

FakeAnswer NotSent(int retry_after_ms) {
  return Refuse(
      {.code = retry_after_ms < 0 ? StatusCode::INVALID_ARGUMENT : StatusCode::UNAVAILABLE,
       .reason = "NOT_SENT",
       .outcome = "NOT_SENT",
       .retry_after_ms = retry_after_ms});
}

// Plays the answers in order, the last one for good, and keeps the time that the caller pauses.
class CreateOrderWithRetryTest : public ::testing::Test {
 protected:
  Result<v1::CreateOrderResponse> Play(std::vector<FakeAnswer> answers, RetryPolicy policy = {}) {
    service_ = std::make_unique<FakeService>([answers](const SeenCall&, int before) {
      return answers[std::min(static_cast<std::size_t>(before), answers.size() - 1)];
    });
    const auto client = Client::Create({.channel = {.server = service_->address()}});
    policy.now_ms = [this] { return now_ms_; };
    policy.pause = [this](std::int64_t ms) {
      pauses_.push_back(ms);
      now_ms_ += ms;
    };
    v1::CreateOrderRequest request;
    request.set_order_id("tulip-1");
    request.mutable_control()->set_idempotency_key("key-1");
    return CreateOrderWithRetry(**client, request, policy);
  }

  std::vector<bool> Repeats() const {
    std::vector<bool> repeats;
    for (const SeenCall& call : service_->calls()) {
      v1::CreateOrderRequest request;
      request.ParseFromString(call.body);
      EXPECT_EQ(request.order_id(), "tulip-1");
      EXPECT_EQ(request.control().idempotency_key(), "key-1");
      EXPECT_FALSE(request.control().resend_if_absent());
      repeats.push_back(request.control().repeat());
    }
    return repeats;
  }

  std::unique_ptr<FakeService> service_;
  std::int64_t now_ms_ = 0;
  std::vector<std::int64_t> pauses_;
};

TEST_F(CreateOrderWithRetryTest, RepeatsWhatThePolicyAllows) {
  using Answers = std::vector<FakeAnswer>;
  using Repeated = std::vector<bool>;
  using Pauses = std::vector<std::int64_t>;
  const struct {
    const char* name;
    Answers answers;
    v1::Outcome outcome;  // CONFIRMED: a reply, no error.
    Repeated repeats;
    Pauses pauses;
    RetryPolicy policy = {};
  } kRows[] = {
      {"an answer", Answers{Confirmed()}, v1::OUTCOME_CONFIRMED, Repeated{false}, Pauses{}},
      {"a refusal", Answers{Rejected()}, v1::OUTCOME_REJECTED, Repeated{false}, Pauses{}},
      {"a refusal by the rate limit: after its time",
       Answers{RateLimited(3000), RateLimited(0), Confirmed()}, v1::OUTCOME_CONFIRMED,
       Repeated{false, false, false}, Pauses{3000, 1000}},
      {"a refusal after one by the rate limit", Answers{RateLimited(3000), Rejected()},
       v1::OUTCOME_REJECTED, Repeated{false, false}, Pauses{3000}},
      {"a wrong request", Answers{NotSent(-1), Confirmed()}, v1::OUTCOME_NOT_SENT, Repeated{false},
       Pauses{}},
      {"not sent: when the service says", Answers{NotSent(3000), NotSent(0), Confirmed()},
       v1::OUTCOME_CONFIRMED, Repeated{false, false, false}, Pauses{3000, 1000}},
      {"unknown: with repeat set", Answers{Unknown(), Lost(), Confirmed()}, v1::OUTCOME_CONFIRMED,
       Repeated{false, true, true}, Pauses{500, 1000}},
      {"repeat stays set once an attempt was indeterminate",
       Answers{Unknown(), NotSent(0), Confirmed()}, v1::OUTCOME_CONFIRMED,
       Repeated{false, true, true}, Pauses{500, 1000}},
      {"attempts are bounded", Answers{Unknown()}, v1::OUTCOME_UNKNOWN, Repeated{false, true, true},
       Pauses{500, 1000}, RetryPolicy{.attempts_max = 3}},
      {"time is bounded", Answers{Unknown()}, v1::OUTCOME_UNKNOWN, Repeated{false, true, true},
       Pauses{500, 1000}, RetryPolicy{.budget_ms = 4'000, .attempts_max = 100}},
      {"a last attempt that was not sent leaves the outcome unknown",
       Answers{Unknown(), NotSent(0)}, v1::OUTCOME_UNKNOWN, Repeated{false, true}, Pauses{500},
       RetryPolicy{.attempts_max = 2}},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    pauses_.clear();
    const auto result = Play(row.answers, row.policy);
    EXPECT_EQ(result.ok() ? v1::OUTCOME_CONFIRMED : result.error().outcome, row.outcome);
    EXPECT_EQ(Repeats(), row.repeats);
    EXPECT_EQ(pauses_, row.pauses);
    if (row.policy.budget_ms == 4'000) {
      EXPECT_LE(service_->calls().back().time_left.count(), 4'000);
    }
  }
}

TEST_F(CreateOrderWithRetryTest, ALostNextActionIsHandedOut) {
  const auto result = Play({Lost(), Confirmed("NEXT_ACTION_LOST")});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->result().reason(), "NEXT_ACTION_LOST");
}

template <class Response, class Request>
void ExpectRepeated(const std::string& method,
                    Result<Response> (*call)(const Client&, Request, const RetryPolicy&)) {
  SCOPED_TRACE(method);
  Response confirmed;
  confirmed.mutable_result()->set_outcome(v1::OUTCOME_CONFIRMED);
  const FakeService service([&](const SeenCall&, int before) {
    return before == 0 ? Lost() : before == 1 ? NotSent(0) : ReplyOf(confirmed);
  });
  const auto client = Client::Create({.channel = {.server = service.address()}});
  Request request;
  request.set_order_id("tulip-1");
  const auto result = call(**client, request, {.pause = [](std::int64_t) {}});
  EXPECT_TRUE(result.ok());
  std::vector<bool> repeats;
  for (const SeenCall& seen : service.calls()) {
    EXPECT_EQ(seen.method, method);
    ASSERT_TRUE(request.ParseFromString(seen.body));
    EXPECT_EQ(request.order_id(), "tulip-1");
    repeats.push_back(request.control().repeat());
  }
  EXPECT_EQ(repeats, (std::vector<bool>{false, true, true}));
}

TEST(CallWithRetry, RepeatsEachCallThatMovesMoney) {
  ExpectRepeated("CreateOrder", CreateOrderWithRetry);
  ExpectRepeated("CancelOrder", CancelOrderWithRetry);
  ExpectRepeated("CaptureOrder", CaptureOrderWithRetry);
  ExpectRepeated("VoidOrder", VoidOrderWithRetry);
  ExpectRepeated("RefundOrder", RefundOrderWithRetry);
  ExpectRepeated("CancelRefund", CancelRefundWithRetry);
}

TEST(CallWithRetry, SendsARequestWithoutControlOnce) {
  const FakeService service(Unknown());
  const auto client = Client::Create({.channel = {.server = service.address()}});
  const auto result =
      CallWithRetry<v1::AddOrderFileResponse>(**client, v1::AddOrderFileRequest(), {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(service.calls().size(), 1U);
}

TEST(CallWithRetry, LooksForAConnectionAgainUnlessItMayNot) {
  for (const bool reconnect : {true, false}) {
    int pauses = 0;
    RetryPolicy policy;
    policy.reconnect = reconnect;
    policy.pause = [&pauses](std::int64_t) { ++pauses; };
    ClientOptions options{
        .channel = {.server = "127.0.0.1:" + std::to_string(msp::testing::FreePort())}};
    options.write_timeout_ms = 300;
    const auto client = Client::Create(options);
    v1::CreateOrderRequest request;
    request.set_order_id("tulip-1");
    const auto created = CreateOrderWithRetry(**client, request, policy);
    EXPECT_EQ(created.error().reason, kNotConnected);
    EXPECT_EQ(pauses, reconnect ? policy.attempts_max - 1 : 0);
  }
}

// The deprecated names.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
TEST(CreateOrderCertain, IsStillAccepted) {
  const FakeService service(Unknown());
  const auto client = Client::Create({.channel = {.server = service.address()}});
  ASSERT_TRUE(client.ok());
  const auto result = CreateOrderCertain(**client, {}, CertainOptions{.attempts_max = 1});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(service.calls().size(), 1U);
}
#pragma GCC diagnostic pop

}  // namespace
}  // namespace msp::client
