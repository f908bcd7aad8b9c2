// SPDX-License-Identifier: Apache-2.0

#include "client/cli/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "client/cli/report.h"
#include "grpc/health/v1/health.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli_run.h"
#include "tests/client/fake_service.h"
#include "tests/testing/connect_proxy.h"
#include "tests/testing/environment.h"
#include "tests/testing/free_port.h"
#include "tests/testing/requests.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;
using grpc::StatusCode;
using msp::testing::FakeAnswer;
using msp::testing::FakeService;
using msp::testing::FromText;
using msp::testing::Refuse;
using msp::testing::ReplyOf;
using msp::testing::SeenCall;
using testing::Created;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kCardOrder;
using ::testing::Not;
using testing::Outcome;
using testing::RunAt;
using testing::RunWith;

const std::string kCreate = "order create -f -";

TEST(Run, PrintsTheReplyInTheApisNamesAndLeavesWithZero) {
  const Outcome ran = RunWith(ReplyOf(Created(v1::PAYMENT_STATE_PAID)), kCreate, kCardOrder);
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_EQ(ran.out,
            "{\n"
            "  \"order\": {\n"
            "    \"order_id\": \"tulip-1\",\n"
            "    \"payment_state\": \"PAYMENT_STATE_PAID\"\n"
            "  },\n"
            "  \"result\": {\n"
            "    \"outcome\": \"OUTCOME_CONFIRMED\"\n"
            "  }\n"
            "}\n");
}

TEST(Run, TheAddressToSendTheCustomerToIsShownInFull) {
  v1::CreateOrderResponse reply = Created(v1::PAYMENT_STATE_REQUIRES_ACTION);
  const std::string url = "https://pay.example/4111111111111111?token=abc";
  reply.mutable_order()->set_payment_url(url);
  EXPECT_THAT(RunWith(ReplyOf(reply), kCreate, kCardOrder).out, HasSubstr(url));
}

TEST(Run, SendsWhatWasAsked) {
  const FakeService service(ReplyOf(Created(v1::PAYMENT_STATE_PAID)));
  RunAt(service.address(), kCreate + " --site second --repeat --timeout 300", kCardOrder);
  const SeenCall call = service.calls().at(0);
  v1::CreateOrderRequest request;
  ASSERT_TRUE(request.ParseFromString(call.body));
  EXPECT_EQ(call.method, "CreateOrder");
  EXPECT_EQ(request.gateway_info().card_number(), "4111111111111111");
  EXPECT_TRUE(request.control().repeat());
  EXPECT_GT(call.time_left.count(), 200'000);
  EXPECT_EQ(call.metadata.find("x-msp-site")->second, "second");
}

TEST(Run, EndsWithTheExitCodeAndTheLinesOfTheError) {
  const struct {
    const char* name;
    FakeAnswer answer;
    int exit;
    const char* first_line;  // Its start.
    const char* hint;
  } kRows[] = {
      {"invalid",
       Refuse({.code = StatusCode::INVALID_ARGUMENT,
               .message = "amount: must not be less than 0",
               .reason = "INVALID_REQUEST",
               .outcome = "NOT_SENT",
               .violations = {{"amount", "must not be less than 0"}}}),
       kExitRefused,
       "error: INVALID_ARGUMENT INVALID_REQUEST outcome=NOT_SENT: amount: must not be "
       "less than 0\n  amount: must not be less than 0\n",
       "hint: nothing was sent; correct"},
      {"rejected",
       Refuse({.code = StatusCode::FAILED_PRECONDITION,
               .message = "no",
               .reason = "MSP_1016",
               .domain = "multisafepay.com",
               .outcome = "REJECTED"}),
       kExitRefused, "error: FAILED_PRECONDITION MSP_1016 outcome=REJECTED: no\n", "hint: refused"},
      {"rate_limited",
       Refuse({.code = StatusCode::RESOURCE_EXHAUSTED,
               .message = "not now",
               .reason = "RATE_LIMITED",
               .outcome = "REJECTED",
               .retry_after_ms = 2000}),
       kExitRefused,
       "error: RESOURCE_EXHAUSTED RATE_LIMITED outcome=REJECTED: not now\n"
       "hint: not processed: repeat the same command\nhint: wait 2000 ms before that\n",
       ""},
      {"already_exists", Refuse(StatusCode::ALREADY_EXISTS, "MSP_1006", "REJECTED"), kExitRefused,
       "error: ALREADY_EXISTS MSP_1006 outcome=REJECTED", "msp order get tulip-1\n"},
      {"not_sent",
       Refuse({.code = StatusCode::UNAVAILABLE,
               .message = "could not connect",
               .reason = "NOT_SENT",
               .outcome = "NOT_SENT",
               .retry_after_ms = 1000}),
       kExitRefused, "error: UNAVAILABLE NOT_SENT outcome=NOT_SENT: could not connect\n",
       "wait 1000 ms"},
      {"unknown", Refuse(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "UNKNOWN", "sent, no answer"),
       kExitUnknown, "error: UNKNOWN OUTCOME_UNKNOWN outcome=UNKNOWN: sent, no answer\n",
       "msp order get tulip-1; then repeat the same command with --repeat"},
      {"not_the_services_word", FakeAnswer{.status = {StatusCode::UNAVAILABLE, "connection reset"}},
       kExitUnknown, "error: UNAVAILABLE outcome=UNKNOWN: no answer from 127.0.0.1:",
       "hint: the money may have moved"},
      {"a_card_in_the_text",
       Refuse({.code = StatusCode::INVALID_ARGUMENT,
               .message = "bad card 4111111111111111",
               .outcome = "REJECTED",
               .violations = {{"x", "4111 1111 1111 1111"}}}),
       kExitRefused, "error: INVALID_ARGUMENT", ""},
      {"an_empty_reply", FakeAnswer{.messages = {""}}, kExitUnknown,
       "error: UNKNOWN OUTCOME_UNKNOWN outcome=UNKNOWN: the reply does not state", "--repeat"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const Outcome ran = RunWith(row.answer, kCreate, kCardOrder);
    EXPECT_EQ(ran.exit, row.exit);
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_THAT(ran.err, ::testing::StartsWith(row.first_line));
    EXPECT_THAT(ran.err, HasSubstr(row.hint));
    EXPECT_THAT(ran.err, Not(HasSubstr("411111")));
  }
}

TEST(Run, APaymentFollowsTheRetryPolicy) {
  v1::RefundOrderResponse confirmed;
  confirmed.mutable_result()->set_outcome(v1::OUTCOME_CONFIRMED);
  const FakeService service([&](const SeenCall&, int before) {
    return before == 0 ? FakeAnswer{.status = {StatusCode::UNAVAILABLE, ""}} : ReplyOf(confirmed);
  });
  const Outcome ran = RunAt(service.address(), "order refund tulip-1 --full");
  EXPECT_EQ(ran.exit, kExitOk) << ran.err;
  EXPECT_THAT(ran.pauses, ::testing::ElementsAre(500));
  ASSERT_EQ(service.calls().size(), 2U);
  v1::RefundOrderRequest request;
  ASSERT_TRUE(request.ParseFromString(service.calls()[1].body));
  EXPECT_TRUE(request.control().repeat());
}

TEST(Run, TheHintOfAnUnknownOutcomeKeepsToTheKeyThatWasGiven) {
  const FakeAnswer lost{.status = {StatusCode::UNAVAILABLE, ""}};
  const std::string refund = "order refund tulip-1 --full";
  EXPECT_THAT(RunWith(lost, refund).err, HasSubstr("derives the same idempotency key"));
  EXPECT_THAT(RunWith(lost, refund + " --idempotency-key key-7").err,
              HasSubstr("and the same --idempotency-key"));
}

TEST(Run, AHintRepeatsNoIdThatMightBeACard) {
  const Outcome ran =
      RunWith({.status = {StatusCode::UNAVAILABLE, ""}}, "order void 4111111111111111 --reason x");
  EXPECT_THAT(ran.err, HasSubstr("msp order get ORDER_ID"));
  EXPECT_THAT(ran.err, Not(HasSubstr("411111")));
}

TEST(Run, ADeclineIsPrintedAndEndsWithOne) {
  v1::CreateOrderResponse reply = Created(v1::PAYMENT_STATE_DECLINED);
  *reply.mutable_order()->mutable_decline() = FromText<v1::Decline>(
      "reason_code: '4002' reason: 'Insufficient funds' retry: RETRY_ADVICE_OTHER_CARD");
  const Outcome ran = RunWith(ReplyOf(reply), kCreate, kCardOrder);
  EXPECT_EQ(ran.exit, kExitRefused);
  EXPECT_THAT(ran.out, HasSubstr("PAYMENT_STATE_DECLINED"));
  EXPECT_THAT(ran.err, HasSubstr("declined 4002: Insufficient funds\n"));
  EXPECT_THAT(ran.err, HasSubstr("RETRY_ADVICE_OTHER_CARD"));
}

TEST(Run, ReadingADeclinedOrderHasWorked) {
  v1::GetOrderResponse reply;
  reply.mutable_order()->set_payment_state(v1::PAYMENT_STATE_DECLINED);
  EXPECT_EQ(RunWith(ReplyOf(reply), "order get tulip-1").exit, kExitOk);
}

TEST(Run, ALostNextActionSaysWhatToDo) {
  v1::CreateOrderResponse reply = Created(v1::PAYMENT_STATE_REQUIRES_ACTION);
  reply.mutable_result()->set_reason("NEXT_ACTION_LOST");
  const Outcome ran = RunWith(ReplyOf(reply), kCreate, kCardOrder);
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.err, HasSubstr("msp order cancel"));
}

TEST(Run, AReadThatFailsEndsWithOne) {
  const Outcome ran =
      RunWith(Refuse(StatusCode::NOT_FOUND, "MSP_1006", "", "no such order"), "order get tulip-1");
  EXPECT_EQ(ran.exit, kExitRefused);
  EXPECT_EQ(ran.err, "error: NOT_FOUND MSP_1006: no such order\n");
}

TEST(Run, WithoutAServerNothingWasSent) {
  const std::string gone = "127.0.0.1:" + std::to_string(msp::testing::FreePort());
  const Outcome read = RunAt(gone, "order get tulip-1");
  EXPECT_EQ(read.exit, kExitRefused);
  EXPECT_THAT(read.err, HasSubstr("no answer from " + gone));
  const Outcome payment = RunAt(gone, kCreate + " --timeout 0.4", kCardOrder);
  EXPECT_EQ(payment.exit, kExitRefused);
  EXPECT_THAT(payment.err,
              ::testing::StartsWith("error: UNAVAILABLE NOT_CONNECTED outcome=NOT_SENT: no "
                                    "connection to " +
                                    gone + " in plain text within "));
  EXPECT_THAT(payment.err,
              HasSubstr("hint: nothing was sent; is the service running? Check --server"));
  EXPECT_THAT(payment.err, Not(HasSubstr("may have moved")));
}

TEST(Run, GoesThroughTheProxyThatWasNamedAndThroughNoOther) {
  const FakeService service(ReplyOf(Created(v1::PAYMENT_STATE_PAID)));
  const msp::testing::ConnectProxy proxy;
  {
    const msp::testing::ScopedEnvironment environment({{"http_proxy", proxy.url()},
                                                       {"https_proxy", proxy.url()},
                                                       {"grpc_proxy", proxy.url()},
                                                       {"no_proxy", ""},
                                                       {"no_grpc_proxy", ""}});
    EXPECT_EQ(RunAt(service.address(), kCreate, kCardOrder).exit, kExitOk);
    EXPECT_EQ(proxy.connections(), 0);
  }
  const std::string line = kCreate + " --proxy " + proxy.url();
  EXPECT_EQ(RunAt(service.address(), line, kCardOrder).exit, kExitUsage) << "in plain text";
  EXPECT_EQ(RunAt(service.address(), line + " --plaintext", kCardOrder).exit, kExitOk);
  EXPECT_GT(proxy.connections(), 0);
}

TEST(Run, AMistakeOfTheCommandLineEndsWithTwoAndSendsNothing) {
  const std::pair<const char*, const char*> cases[] = {
      {"order creat", ""},
      {"order get", ""},
      {"order", ""},
      {"", ""},
      {"order create -f /nonexistent.json", ""},
      {"order create -f -", "{"},
      {"order create -f -", R"({"amuont": 1})"},
      {"order refund a --amount x", ""},
      {"order get a --cert a.pem", ""},
      {"order get a --ca /nonexistent.pem", ""},
      {"order get a --server payments.example:50051", ""}};
  const FakeService service(FakeAnswer{});
  for (const auto& [line, input] : cases) {
    const Outcome ran = RunAt(service.address(), line, input);
    EXPECT_EQ(ran.exit, kExitUsage) << ran.err;
  }
  EXPECT_THAT(service.calls(), IsEmpty());
}

TEST(Run, HelpAndVersionEndWithZeroAndSendNothing) {
  const FakeService service(FakeAnswer{});
  EXPECT_EQ(RunAt(service.address(), "--help").exit, kExitOk);
  EXPECT_EQ(RunAt(service.address(), "order create --help").exit, kExitOk);
  EXPECT_THAT(RunAt(service.address(), "--version").out, ::testing::StartsWith("msp "));
  EXPECT_THAT(service.calls(), IsEmpty());
}

TEST(Run, AReplyThatCannotBeWrittenLeavesAPaymentOpen) {
  FakeService service([](const SeenCall& call, int) {
    return call.method == "GetOrder" ? FakeAnswer{.messages = {""}}
                                     : ReplyOf(Created(v1::PAYMENT_STATE_PAID));
  });
  std::istringstream in(kCardOrder);
  std::ostream broken(nullptr);
  std::ostringstream err;
  CommandIo io{in, broken, err, service.address()};
  EXPECT_EQ(cli::Run(msp::testing::CommandLine(kCreate), io), kExitUnknown);
  EXPECT_EQ(cli::Run({"order", "get", "tulip-1"}, io), kExitRefused);
}

TEST(Run, HealthEndsWithZeroOnlyWhenServing) {
  grpc::health::v1::HealthCheckResponse reply;
  reply.set_status(grpc::health::v1::HealthCheckResponse::SERVING);
  const Outcome serving = RunWith(ReplyOf(reply), "health");
  EXPECT_EQ(serving.exit, kExitOk);
  EXPECT_THAT(serving.out, HasSubstr("\"SERVING\""));
  reply.set_status(grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(RunWith(ReplyOf(reply), "health").exit, kExitRefused);
}

TEST(Run, AListIsATable) {
  const auto reply = FromText<v1::ListTransactionsResponse>(
      "transactions { transaction_id: '7' amount: 500 currency: 'EUR' }");
  const Outcome ran = RunWith(ReplyOf(reply), "transaction list --output table");
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("5.00 EUR"));
}

}  // namespace
}  // namespace msp::cli
