// SPDX-License-Identifier: Apache-2.0

#include "client/cpp/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/fake_service.h"

namespace msp::client {
namespace {

namespace v1 = multisafepay::v1;
using grpc::StatusCode;
using testing::Refusal;
using testing::StatusOf;

TEST(ReadError, TakesEveryFactThatTheServiceSent) {
  const Error error = ReadError(StatusOf({.code = StatusCode::INVALID_ARGUMENT,
                                          .message = "amount: must not be less than 0",
                                          .reason = "MSP_1001",
                                          .domain = "multisafepay.com",
                                          .metadata = {{"outcome", "REJECTED"},
                                                       {"error_code", "1001"},
                                                       {"http_status", "400"},
                                                       {"order_id", "tulip-1"}},
                                          .violations = {{"amount", "must not be less than 0"},
                                                         {"currency", "is required"}}}),
                                /*moves_money=*/true);
  EXPECT_EQ(error.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.message, "amount: must not be less than 0");
  EXPECT_EQ(error.reason, "MSP_1001");
  EXPECT_EQ(error.domain, "multisafepay.com");
  EXPECT_EQ(error.outcome, v1::OUTCOME_REJECTED);
  EXPECT_EQ(error.error_code, 1001);
  EXPECT_EQ(error.http_status, 400);
  EXPECT_EQ(error.order_id, "tulip-1");
  EXPECT_TRUE(error.from_service);
  EXPECT_FALSE(error.retry_after_ms.has_value());
  ASSERT_EQ(error.violations.size(), 2U);
  EXPECT_EQ(error.violations[1].field, "currency");
  EXPECT_EQ(error.violations[1].description, "is required");
}

TEST(ReadError, OutcomeIsWhatTheServiceSaidOrUnknown) {
  const struct {
    const char* name;
    Refusal refusal;
    bool moves_money;
    v1::Outcome outcome;
  } kRows[] = {
      {"not_sent", {.outcome = "NOT_SENT"}, true, v1::OUTCOME_NOT_SENT},
      {"rejected", {.outcome = "REJECTED"}, true, v1::OUTCOME_REJECTED},
      {"confirmed_by_an_error", {.outcome = "CONFIRMED"}, true, v1::OUTCOME_CONFIRMED},
      {"silent_about_it", {.reason = "X"}, true, v1::OUTCOME_UNKNOWN},
      {"a_word_of_the_future", {.outcome = "MAYBE"}, true, v1::OUTCOME_UNKNOWN},
      {"a_proxys_own_info", Refusal{.domain = "proxy.example", .outcome = "NOT_SENT"}, true,
       v1::OUTCOME_UNKNOWN},
      {"a_read", {.outcome = "REJECTED"}, false, v1::OUTCOME_UNSPECIFIED},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(ReadError(StatusOf(row.refusal), row.moves_money).outcome, row.outcome);
  }
}

TEST(ReadError, WithoutDetailsAPaymentIsUnknownAndAReadIsNot) {
  for (const StatusCode code : {StatusCode::UNAVAILABLE, StatusCode::CANCELLED,
                                StatusCode::UNIMPLEMENTED, StatusCode::INVALID_ARGUMENT}) {
    const grpc::Status status(code, "lost");
    EXPECT_EQ(ReadError(status, true).outcome, v1::OUTCOME_UNKNOWN) << code;
    EXPECT_EQ(ReadError(status, false).outcome, v1::OUTCOME_UNSPECIFIED) << code;
    EXPECT_FALSE(ReadError(status, true).from_service) << code;
  }
}

TEST(ReadError, DetailsOfAnotherCodeProveNothing) {
  const grpc::Status sent = StatusOf({.code = StatusCode::UNAVAILABLE, .outcome = "NOT_SENT"});
  const grpc::Status replaced(StatusCode::CANCELLED, "by a proxy", sent.error_details());
  EXPECT_EQ(ReadError(replaced, true).outcome, v1::OUTCOME_UNKNOWN);
}

TEST(ReadError, BrokenDetailsAreNoDetails) {
  const grpc::Status status(StatusCode::INTERNAL, "broken", "\x0a\xff\xff garbage");
  EXPECT_EQ(ReadError(status, true).outcome, v1::OUTCOME_UNKNOWN);
}

TEST(ReadError, RetryInfoCountsOnlyWhereNothingWasSent) {
  Refusal refusal{.code = StatusCode::UNAVAILABLE, .outcome = "NOT_SENT", .retry_after_ms = 1500};
  EXPECT_EQ(ReadError(StatusOf(refusal), true).retry_after_ms, 1500);
  refusal.outcome = "UNKNOWN";
  EXPECT_FALSE(ReadError(StatusOf(refusal), true).retry_after_ms.has_value());
  refusal.outcome = "NOT_SENT";
  refusal.domain = "proxy.example";
  EXPECT_FALSE(ReadError(StatusOf(refusal), true).retry_after_ms.has_value());
}

TEST(NameOf, SaysCodesAndOutcomesAsGrpcAndTheSchemaDo) {
  EXPECT_EQ(NameOf(StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
  EXPECT_EQ(NameOf(StatusCode::OK), "OK");
  EXPECT_EQ(NameOf(StatusCode::DO_NOT_USE), "UNKNOWN");
  EXPECT_EQ(NameOf(v1::OUTCOME_NOT_SENT), "NOT_SENT");
  EXPECT_EQ(NameOf(v1::OUTCOME_UNSPECIFIED), "");
  EXPECT_EQ(NameOf(static_cast<v1::Outcome>(77)), "");
}

}  // namespace
}  // namespace msp::client
