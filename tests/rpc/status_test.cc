// SPDX-License-Identifier: Apache-2.0

// The one place where a failure becomes a gRPC status: code, details, and nothing lost on the way.
#include "service/rpc/status.h"

#include <string>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace msp::rpc {
namespace {

namespace v1 = multisafepay::v1;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

template <class Detail>
bool Find(const google::rpc::Status& status, Detail* detail) {
  int found = 0;
  for (const auto& any : status.details())
    if (any.UnpackTo(detail)) ++found;
  EXPECT_LE(found, 1);
  return found == 1;
}

payments::Failure Refusal() {
  return {.code = absl::StatusCode::kNotFound,
          .message = "no such order",
          .domain = payments::kRemoteDomain,
          .reason = "MSP_1006",
          .outcome = v1::OUTCOME_REJECTED,
          .error_code = 1006,
          .http_status = 404,
          .order_id = "order-1"};
}

TEST(StatusOf, CarriesCodeMessageAndErrorInfo) {
  const grpc::Status status = StatusOf(Refusal());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such order");
  const google::rpc::Status details = Details(status);
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), "no such order");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(Find(details, &info));
  EXPECT_EQ(info.reason(), "MSP_1006");
  EXPECT_EQ(info.domain(), "multisafepay.com");
  EXPECT_THAT(info.metadata(),
              UnorderedElementsAre(Pair("error_code", "1006"), Pair("http_status", "404"),
                                   Pair("order_id", "order-1"), Pair("outcome", "REJECTED")));
}

TEST(StatusOf, RepeatsNoCardFromAnIdentifier) {
  for (const char* card : {"4111111111111111", "4111_1111_1111_1111", "key~4111~1111~1111~1111"}) {
    payments::Failure failure = Refusal();
    failure.order_id = failure.idempotency_key = card;
    google::rpc::ErrorInfo info;
    const grpc::Status status = StatusOf(failure);
    ASSERT_TRUE(Find(Details(status), &info));
    EXPECT_EQ(status.error_details().find("1111"), std::string::npos) << card;
    EXPECT_NE(info.metadata().at("order_id").find("***"), std::string::npos) << card;
    EXPECT_NE(info.metadata().at("idempotency_key").find("***"), std::string::npos) << card;
  }
}

TEST(StatusOf, LeavesOutWhatIsNotKnown) {
  const grpc::Status status = StatusOf({.code = absl::StatusCode::kUnavailable, .reason = "X"});
  const google::rpc::Status details = Details(status);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(Find(details, &info));
  EXPECT_TRUE(info.metadata().empty());
  EXPECT_EQ(info.domain(), payments::kOwnDomain);
  EXPECT_EQ(details.details_size(), 1);
}

TEST(StatusOf, NamesEveryViolation) {
  payments::Failure failure{.code = absl::StatusCode::kInvalidArgument};
  failure.violations = {{"amount", "must not be less than 0"}, {"order_id", "is required"}};
  google::rpc::BadRequest bad;
  ASSERT_TRUE(Find(Details(StatusOf(failure)), &bad));
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "amount");
  EXPECT_EQ(bad.field_violations(0).description(), "must not be less than 0");
  EXPECT_EQ(bad.field_violations(1).field(), "order_id");
}

TEST(StatusOf, RetryInfoOnlyWhereARetryIsSafe) {
  google::rpc::RetryInfo retry;
  payments::Failure failure = Refusal();
  EXPECT_FALSE(Find(Details(StatusOf(failure)), &retry));
  failure.retry_after_ms = 0;
  ASSERT_TRUE(Find(Details(StatusOf(failure)), &retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 0);
  failure.retry_after_ms = 1'250;
  ASSERT_TRUE(Find(Details(StatusOf(failure)), &retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(StatusOf, EveryOutcomeHasItsName) {
  const std::pair<v1::Outcome, std::string> outcomes[] = {{v1::OUTCOME_CONFIRMED, "CONFIRMED"},
                                                          {v1::OUTCOME_REJECTED, "REJECTED"},
                                                          {v1::OUTCOME_NOT_SENT, "NOT_SENT"},
                                                          {v1::OUTCOME_UNKNOWN, "UNKNOWN"}};
  for (const auto& [outcome, name] : outcomes) {
    payments::Failure failure = Refusal();
    failure.outcome = outcome;
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(Find(Details(StatusOf(failure)), &info));
    EXPECT_EQ(info.metadata().at("outcome"), name);
  }
}

TEST(NameOf, EveryCodeIsGrpcsOwnName) {
  EXPECT_EQ(NameOf(grpc::StatusCode::OK), "OK");
  EXPECT_EQ(NameOf(grpc::StatusCode::UNKNOWN), "UNKNOWN");
  EXPECT_EQ(NameOf(grpc::StatusCode::ALREADY_EXISTS), "ALREADY_EXISTS");
  EXPECT_EQ(NameOf(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
  for (int code = 0; code <= 16; ++code) {  // Both libraries number them alike.
    EXPECT_EQ(NameOf(static_cast<grpc::StatusCode>(code)),
              absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
  EXPECT_EQ(NameOf(static_cast<grpc::StatusCode>(31)), "UNKNOWN");
}

}  // namespace
}  // namespace msp::rpc
