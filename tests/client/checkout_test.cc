// SPDX-License-Identifier: Apache-2.0

// `msp checkout`: create, show the way, watch to the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "client/cli/report.h"
#include "multisafepay/v1/order_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli_run.h"
#include "tests/client/fake_service.h"
#include "tests/testing/authority.h"
#include "tests/testing/environment.h"
#include "tests/testing/files.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;
using grpc::StatusCode;
using msp::testing::ContentOf;
using msp::testing::FakeAnswer;
using msp::testing::FakeService;
using msp::testing::Folder;
using msp::testing::Refuse;
using msp::testing::ReplyOf;
using msp::testing::ScopedEnvironment;
using msp::testing::SeenCall;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using testing::RunAt;

constexpr char kOrder[] =
    R"({"type": "redirect", "order_id": "tulip-1", "description": "x", "amount": 1000,
        "currency": "EUR"})";
v1::CreateOrderResponse Created() { return testing::Created(v1::PAYMENT_STATE_REQUIRES_ACTION); }

FakeAnswer Ended(v1::PaymentState state) {
  v1::WatchOrderResponse message;
  message.mutable_order()->set_order_id("tulip-1");
  message.mutable_order()->set_payment_state(state);
  return {.messages = {message.SerializeAsString()}};
}

// Answers the creation and the watch.
Outcome CheckedOut(const FakeAnswer& created, const FakeAnswer& watched,
                   const std::string& more = "", const std::string& order = kOrder) {
  FakeService service(
      [&](const SeenCall& call, int) { return call.method == "CreateOrder" ? created : watched; });
  return RunAt(service.address(), "checkout -f - " + more, order);
}

// Stands for the desktop's xdg-open: notes what it was asked to open, and the page's bytes and
// mode.
void WriteBrowser(const std::string& directory) {
  const std::string file = directory + "/xdg-open";
  std::ofstream(file) << "#!/bin/sh\n"
                         "printf '%s' \"$1\" > "
                      << directory << "/url\ncase \"$1\" in file://*) cp \"${1#file://}\" "
                      << directory << "/page; stat -c %a \"${1#file://}\" > " << directory
                      << "/mode;; esac\nexit 0\n";
  chmod(file.c_str(), 0700);
}

TEST(Checkout, ShowsThePageAndWatchesToTheEnd) {
  v1::CreateOrderResponse created = Created();
  created.mutable_order()->mutable_next_action()->mutable_redirect()->set_url(
      "https://pay.example/connect/abc?lang=nl");
  const Outcome ran = CheckedOut(ReplyOf(created), Ended(v1::PAYMENT_STATE_PAID));
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_EQ(ran.err,
            "created tulip-1: REQUIRES_ACTION\n"
            "the customer pays at https://pay.example/connect/abc?lang=nl\n"
            "PAID\n");
  EXPECT_EQ(nlohmann::json::parse(ran.out).at("order").at("payment_state"), "PAYMENT_STATE_PAID");
}

TEST(Checkout, EndsWithTheCodeOfThePaymentsEnd) {
  const FakeAnswer created = ReplyOf(Created());
  EXPECT_EQ(CheckedOut(created, Ended(v1::PAYMENT_STATE_DECLINED)).exit, kExitDeclined);
  EXPECT_EQ(CheckedOut(created, Ended(v1::PAYMENT_STATE_EXPIRED)).exit, kExitExpired);
  EXPECT_EQ(CheckedOut(created, Ended(v1::PAYMENT_STATE_CANCELLED)).exit, kExitCancelled);
  FakeAnswer hanging = Ended(v1::PAYMENT_STATE_REQUIRES_ACTION);
  hanging.hangs = true;
  const Outcome late = CheckedOut(created, hanging, "--timeout 0.3");
  EXPECT_EQ(late.exit, kExitOpen);
  EXPECT_THAT(late.err,
              HasSubstr("hint: the timeout has passed; continue with: msp order watch tulip-1"));
}

TEST(Checkout, EndsWhenTheMoneyIsOnItsWayAndSaysSo) {
  const std::string note =
      "the money has not arrived yet\nhint: watch the order with: msp order watch tulip-1\n";
  FakeAnswer hanging = Ended(v1::PAYMENT_STATE_PROCESSING);
  hanging.hangs = true;
  const Outcome watched = CheckedOut(ReplyOf(Created()), hanging);
  EXPECT_EQ(watched.exit, kExitProcessing);
  EXPECT_THAT(watched.err, HasSubstr(note));
  EXPECT_THAT(watched.out, HasSubstr("PAYMENT_STATE_PROCESSING"));
  v1::CreateOrderResponse created = Created();
  created.mutable_order()->set_payment_state(v1::PAYMENT_STATE_PROCESSING);
  const Outcome direct = CheckedOut(ReplyOf(created), hanging, "", testing::kCardOrder);
  EXPECT_EQ(direct.exit, kExitProcessing);
  EXPECT_THAT(direct.err, HasSubstr(note));
}

TEST(Checkout, WritesAFormToAPageThatNobodyElseReadsAndTakesItAway) {
  const Folder folder;
  WriteBrowser(folder.path());
  const ScopedEnvironment environment(
      {{"TMPDIR", folder.path()}, {"PATH", folder.path() + ":" + std::getenv("PATH")}});
  v1::CreateOrderResponse created = Created();
  created.mutable_order()->mutable_next_action()->mutable_form()->set_html("<form>PaReq</form>");
  const Outcome ran =
      CheckedOut(ReplyOf(created), Ended(v1::PAYMENT_STATE_PAID), "--open", testing::kCardOrder);
  EXPECT_EQ(ran.exit, kExitOk);
  const std::string url = ContentOf(folder.path("url"));
  EXPECT_THAT(url, ::testing::StartsWith("file://" + folder.path() + "/msp-checkout-"));
  EXPECT_THAT(ran.err, HasSubstr("the customer pays at " + url + "\n"));
  EXPECT_EQ(ContentOf(folder.path("page")), "<form>PaReq</form>");
  EXPECT_EQ(ContentOf(folder.path("mode")), "600\n");
  EXPECT_NE(access(url.substr(7).c_str(), F_OK), 0) << "it is gone";
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("PaReq")));
}

TEST(Checkout, OpensAnAddressWithoutAShell) {
  const Folder folder;
  WriteBrowser(folder.path());
  const ScopedEnvironment environment({{"PATH", folder.path() + ":" + std::getenv("PATH")}});
  v1::CreateOrderResponse created = Created();
  const std::string url = "https://pay.example/?a=$(touch${IFS}x);'\"&b";
  created.mutable_order()->set_payment_url(url);
  CheckedOut(ReplyOf(created), Ended(v1::PAYMENT_STATE_PAID), "--open");
  EXPECT_EQ(ContentOf(folder.path("url")), url);
  unlink((folder.path("url")).c_str());
  created.mutable_order()->set_payment_url("javascript:alert(1)");
  CheckedOut(ReplyOf(created), Ended(v1::PAYMENT_STATE_PAID), "--open");
  EXPECT_NE(access((folder.path("url")).c_str(), F_OK), 0) << "no page of the web";
}

TEST(Checkout, SaysWhenNothingCouldBeOpened) {
  const Folder folder;
  const ScopedEnvironment environment({{"PATH", folder.path()}});
  v1::CreateOrderResponse created = Created();
  created.mutable_order()->set_payment_url("https://pay.example/");
  const Outcome ran = CheckedOut(ReplyOf(created), Ended(v1::PAYMENT_STATE_PAID), "--open");
  EXPECT_EQ(ran.exit, kExitOk);
  EXPECT_THAT(ran.err, HasSubstr("xdg-open failed"));
}

TEST(Checkout, ADirectOrderThatHasEndedIsNotWatched) {
  v1::CreateOrderResponse created = Created();
  created.mutable_order()->set_payment_state(v1::PAYMENT_STATE_DECLINED);
  created.mutable_order()->mutable_decline()->set_reason("Insufficient funds");
  const FakeService service(ReplyOf(created));
  const Outcome ran = RunAt(service.address(), "checkout -f -", testing::kCardOrder);
  EXPECT_EQ(ran.exit, kExitDeclined);
  EXPECT_THAT(ran.err, HasSubstr("declined: Insufficient funds"));
  EXPECT_EQ(service.calls().size(), 1u);
}

TEST(Checkout, FollowsTheRetryPolicyWhenAnAnswerIsLost) {
  FakeService service([&](const SeenCall& call, int before) {
    if (call.method == "WatchOrder") return Ended(v1::PAYMENT_STATE_PAID);
    if (before == 0) return Refuse(StatusCode::UNKNOWN, "OUTCOME_UNKNOWN", "UNKNOWN", "lost");
    return ReplyOf(Created());
  });
  const Outcome ran = RunAt(service.address(), "checkout -f -", kOrder);
  EXPECT_EQ(ran.exit, kExitOk);
  v1::CreateOrderRequest again;
  ASSERT_TRUE(again.ParseFromString(service.calls().at(1).body));
  EXPECT_TRUE(again.control().repeat());
}

TEST(Checkout, ARefusedOrderIsNotWatched) {
  const FakeAnswer refused =
      Refuse(StatusCode::INVALID_ARGUMENT, "BAD_REQUEST", "NOT_SENT", "amount is missing");
  const Outcome ran = CheckedOut(refused, Ended(v1::PAYMENT_STATE_PAID));
  EXPECT_EQ(ran.exit, kExitRefused);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, HasSubstr("error: INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace msp::cli
