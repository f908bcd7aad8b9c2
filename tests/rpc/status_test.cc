// SPDX-License-Identifier: Apache-2.0

// The one place where a failure becomes a gRPC status: code, details, and nothing lost on the way.
#include "service/rpc/status.h"

#include <algorithm>
#include <memory>
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

// What a client's limit on metadata counts, all headers of the reply included.
std::size_t MetadataBytes(const grpc::Status& status) {
  std::size_t message = 0;
  for (const char c : status.error_message()) message += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  constexpr std::size_t kEntry = 32;
  const std::size_t details = (status.error_details().size() + 2) / 3 * 4;
  return kEntry + std::string("grpc-message").size() + message + kEntry +
         std::string("grpc-status-details-bin").size() + details + 300;
}

constexpr std::size_t kClientsBound = 8 << 10;

v1::Order WorstOrder(int related) {
  v1::Order order;
  order.set_order_id("order-1");
  order.set_transaction_id("4051823");
  order.set_status("completed");
  order.set_financial_status("completed");
  order.set_amount(9743);
  order.set_currency("EUR");
  order.set_payment_state(v1::PAYMENT_STATE_PAID);
  order.mutable_payment_details()->set_type("VISA");
  order.mutable_payment_details()->set_account_holder_name("A. Holder");
  order.set_items(std::string(20'000, 'x'));
  order.set_var1(std::string(500, 'x'));
  for (int i = 0; i < 60; ++i) order.mutable_shopping_cart()->add_items()->set_name("a name of it");
  for (int i = 0; i < related; ++i) {
    v1::RelatedTransaction& refund = *order.add_related_transactions();
    refund.set_transaction_id(std::to_string(10'000'000 + i));
    refund.set_amount(i);
    refund.set_status("completed");
    refund.set_created("2030-04-01T00:00:" + std::to_string(10 + i % 50));
    refund.set_description(std::string(200, 'x'));
  }
  return order;
}

payments::Failure Unknown(const v1::Order& order) {
  payments::Failure failure{.message = "the call was sent and its outcome is unknown",
                            .reason = std::string(payments::reason::kOutcomeUnknown),
                            .outcome = v1::OUTCOME_UNKNOWN,
                            .order_id = "order-1",
                            .idempotency_key = "key"};
  failure.order = std::make_shared<const v1::Order>(order);
  return failure;
}

TEST(StatusOf, AttachesAnOrderUnchangedWhereItFits) {
  v1::Order order = WorstOrder(2);
  order.clear_items();
  order.clear_shopping_cart();
  v1::Order attached;
  ASSERT_TRUE(Find(Details(StatusOf(Unknown(order))), &attached));
  EXPECT_EQ(attached.SerializeAsString(), order.SerializeAsString());
}

TEST(StatusOf, ReducesALargeOrderAndKeepsTheOutcome) {
  for (const int related : {0, 30, 5'000}) {
    const v1::Order order = WorstOrder(related);
    const grpc::Status status = StatusOf(Unknown(order));
    EXPECT_LE(MetadataBytes(status), kClientsBound);
    const google::rpc::Status details = Details(status);
    EXPECT_EQ(details.message(), status.error_message());
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(Find(details, &info));
    EXPECT_EQ(info.metadata().at("outcome"), "UNKNOWN");
    v1::Order attached;
    ASSERT_TRUE(Find(details, &attached));
    EXPECT_EQ(attached.order_id(), "order-1");
    EXPECT_EQ(attached.status(), "completed");
    EXPECT_EQ(attached.amount(), 9743);
    EXPECT_EQ(attached.payment_state(), v1::PAYMENT_STATE_PAID);
    EXPECT_EQ(attached.payment_details().type(), "VISA");
    EXPECT_FALSE(attached.payment_details().has_account_holder_name());
    EXPECT_FALSE(attached.payment_details().has_last4());
    EXPECT_FALSE(attached.has_reason_code());
    EXPECT_FALSE(attached.has_items());
    EXPECT_FALSE(attached.has_shopping_cart());
    EXPECT_EQ(attached.related_transactions_size(), std::min(related, 20));
    for (const v1::RelatedTransaction& refund : attached.related_transactions()) {
      EXPECT_GE(refund.created(), related == 30 ? "2030-04-01T00:00:20" : "2030-04-01T00:00:59");
      EXPECT_FALSE(refund.has_description());
    }
  }
}

TEST(StatusOf, LeavesOutAnOrderThatCannotBeReduced) {
  v1::Order order;
  order.set_order_id("order-1");
  order.set_status(std::string(1 << 20, 'x'));
  const grpc::Status status = StatusOf(Unknown(order));
  EXPECT_LE(MetadataBytes(status), kClientsBound);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(Find(Details(status), &info));
  EXPECT_EQ(info.metadata().at("outcome"), "UNKNOWN");
  EXPECT_FALSE(Find(Details(status), &order));
}

TEST(StatusOf, BoundsMessageAndViolationsTogether) {
  payments::Failure failure = Refusal();
  failure.retry_after_ms = 1'000;
  for (const char* filler : {"x", "%", "\xE2\x82\xAC"}) {
    failure.message.clear();
    for (int i = 0; i < 3'000; ++i) failure.message += filler;
    failure.violations.assign(codec::kViolationsMax,
                              {std::string(128, 'f'), std::string(512, 'd')});
    const grpc::Status status = StatusOf(failure);
    EXPECT_LE(MetadataBytes(status), kClientsBound);
    EXPECT_TRUE(failure.message.starts_with(status.error_message()));
    EXPECT_EQ(status.error_message().size() % std::string(filler).size(), 0U);
    EXPECT_GE(status.error_message().size(), 500U);
    const google::rpc::Status details = Details(status);
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    google::rpc::BadRequest bad;
    EXPECT_TRUE(Find(details, &info));
    EXPECT_TRUE(Find(details, &retry));
    ASSERT_TRUE(Find(details, &bad));
    EXPECT_GE(bad.field_violations_size(), 2);
  }
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
