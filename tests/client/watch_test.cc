// SPDX-License-Identifier: Apache-2.0

// `msp order watch`: a line a change, one stream after the other, and an exit code that says how
// the payment ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/report.h"
#include "multisafepay/v1/order_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli_run.h"
#include "tests/client/fake_service.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;
using grpc::StatusCode;
using msp::testing::FakeAnswer;
using msp::testing::FakeService;
using msp::testing::SeenCall;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::RunAt;

std::string State(
    v1::PaymentState state, const std::string& token = "",
    v1::WatchOrderResponse::Cause cause = v1::WatchOrderResponse::CAUSE_NOTIFICATION) {
  v1::WatchOrderResponse message;
  message.mutable_order()->set_order_id("tulip-1");
  message.mutable_order()->set_payment_state(state);
  message.mutable_order()->set_amount(4995);
  message.mutable_order()->set_currency("EUR");
  message.set_cause(cause);
  message.set_resume_token(token);
  message.mutable_observed_time()->set_seconds(1'900'000'000);
  return message.SerializeAsString();
}

std::string Heartbeat(const std::string& token) {
  v1::WatchOrderResponse message;
  message.set_cause(v1::WatchOrderResponse::CAUSE_HEARTBEAT);
  message.set_resume_token(token);
  return message.SerializeAsString();
}

v1::WatchOrderRequest RequestOf(const SeenCall& call) {
  v1::WatchOrderRequest request;
  EXPECT_TRUE(request.ParseFromString(call.body));
  return request;
}

Outcome Watched(const FakeAnswer& answer, const std::string& more = "") {
  return testing::RunWith(answer, "order watch tulip-1 " + more);
}

TEST(Watch, PrintsOneLineOfJsonAChange) {
  const Outcome ran = Watched({.messages = {State(v1::PAYMENT_STATE_REQUIRES_ACTION, "a",
                                                  v1::WatchOrderResponse::CAUSE_SNAPSHOT),
                                            Heartbeat("a"), State(v1::PAYMENT_STATE_PAID, "b")}});
  EXPECT_EQ(ran.exit, kExitOk);
  std::istringstream lines(ran.out);
  std::vector<std::string> states;
  for (std::string line; std::getline(lines, line);) {
    states.push_back(nlohmann::json::parse(line).at("order").at("payment_state"));
  }
  EXPECT_THAT(states, ElementsAre("PAYMENT_STATE_REQUIRES_ACTION", "PAYMENT_STATE_PAID"))
      << "a heartbeat is no change";
}

TEST(Watch, PrintsALineForPeople) {
  const Outcome ran = Watched({.messages = {State(v1::PAYMENT_STATE_PAID)}}, "--output table");
  EXPECT_EQ(ran.out, "17:46:40Z PAID 49.95 EUR (notification)\n");
}

TEST(Watch, EndsWithTheCodeOfThePaymentsEnd) {
  const std::pair<const char*, int> kCases[] = {
      {"PAID AUTHORIZED PARTIALLY_CAPTURED", 0},
      {"DECLINED", 4},
      {"EXPIRED", 5},
      {"CANCELLED", 6},
      {"PENDING REQUIRES_ACTION IN_REVIEW UNRECOGNIZED", 7},
      {"PARTIALLY_REFUNDED REFUNDED CHARGED_BACK", 8},
      {"PROCESSING", 9}};
  for (const auto& [states, exit] : kCases) {
    for (const std::string& name : msp::testing::Words(states)) {
      v1::PaymentState state{};
      ASSERT_TRUE(v1::PaymentState_Parse("PAYMENT_STATE_" + name, &state));
      EXPECT_EQ(Watched({.messages = {State(state)}}).exit, exit) << name;
    }
  }
  EXPECT_EQ(Watched({}).exit, 7) << "a stream that said nothing";
}

TEST(Watch, GoesOnWhileTheMoneyIsOnItsWay) {
  const Outcome ran =
      Watched({.messages = {State(v1::PAYMENT_STATE_PROCESSING), State(v1::PAYMENT_STATE_PAID)}});
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("PAYMENT_STATE_PAID"));
}

TEST(Watch, GoesOnFromTheLastTokenWhenTheServiceGoesAway) {
  FakeService service([](const SeenCall&, int before) -> FakeAnswer {
    const grpc::Status lost(StatusCode::UNAVAILABLE, "draining");
    if (before == 0) return {.messages = {State(v1::PAYMENT_STATE_PENDING, "t1")}, .status = lost};
    if (before == 1) return {.messages = {Heartbeat("t2")}, .status = lost};
    // What a server that stops does to a call that it has just taken.
    if (before == 2) return {.status = grpc::Status::CANCELLED};
    if (before < 20) return {.status = lost};
    return {.messages = {State(v1::PAYMENT_STATE_PAID, "t3")}};
  });
  const Outcome ran =
      RunAt(service.address(), "order watch tulip-1 --follow --heartbeat-s 30 --resume-token t0");
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.err, HasSubstr("the stream was lost (UNAVAILABLE); reconnecting in"));
  const auto calls = service.calls();
  EXPECT_EQ(RequestOf(calls[0]).resume_token(), "t0");
  EXPECT_EQ(RequestOf(calls[1]).resume_token(), "t1");
  EXPECT_EQ(RequestOf(calls[2]).resume_token(), "t2");
  EXPECT_EQ(RequestOf(calls.back()).resume_token(), "t2");
  EXPECT_TRUE(RequestOf(calls.back()).follow());
  EXPECT_EQ(RequestOf(calls.back()).heartbeat_s(), 30);
  ASSERT_GE(ran.pauses.size(), 5u);
  for (std::size_t i = 0; i < ran.pauses.size(); ++i) {
    EXPECT_GE(ran.pauses[i], 100) << i;
    EXPECT_LE(ran.pauses[i], 10'000) << i;
  }
  EXPECT_GE(ran.pauses.back(), 1'600) << "they grow";
}

TEST(Watch, AServiceThatNeverAnsweredIsNotWaitedFor) {
  const Outcome ran = Watched({.status = {StatusCode::UNAVAILABLE, "away"}});
  EXPECT_EQ(ran.exit, kExitRefused);
  EXPECT_THAT(ran.err, HasSubstr("error: UNAVAILABLE"));
  EXPECT_EQ(ran.pauses.size(), 3u);
}

TEST(Watch, EndsWithTheTimeAndSaysHowToGoOn) {
  const Outcome ran = Watched({.messages = {State(v1::PAYMENT_STATE_PENDING, "t1")}, .hangs = true},
                              "--timeout 0.3");
  EXPECT_EQ(ran.exit, kExitOpen);
  EXPECT_THAT(ran.err,
              HasSubstr("the timeout has passed\nhint: continue with --resume-token t1\n"));
}

TEST(Watch, AnErrorIsNoEnd) {
  const Outcome ran = Watched(
      {.messages = {State(v1::PAYMENT_STATE_PENDING)}, .status = {StatusCode::INTERNAL, "broken"}});
  EXPECT_EQ(ran.exit, kExitRefused);
  EXPECT_THAT(ran.err, HasSubstr("error: INTERNAL"));
  EXPECT_TRUE(ran.pauses.empty());
}

}  // namespace
}  // namespace msp::cli
