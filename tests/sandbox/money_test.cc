// SPDX-License-Identifier: Apache-2.0

// Captures, voids, refunds, tokens and timers on virtual time, and what must hold after any
// sequence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "sandbox/core/gateways.h"
#include "sandbox/core/local_time.h"
#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

TEST(ManualCapture, AuthorizationIsCompletedInitializedWithAllOfItRemaining) {
  Bench bench{Authorization("o")};
  EXPECT_EQ(bench.State("o"), "completed/initialized");
  const Json details = bench.Get("o")["payment_details"];
  EXPECT_EQ(details["capture"], "manual");
  EXPECT_EQ(details["capture_remain"], 1000);
  EXPECT_EQ(details["capture_expiry"], "2026-06-22T12:00:00");
}

TEST(ManualCapture, WholeAmountOrNoneStaysOnTheOriginal) {
  for (const Json& amount : {Json(1000), Json(nullptr)}) {
    SCOPED_TRACE(amount.dump());
    Bench bench{Authorization("o")};
    const ApiResponse answer = bench.Capture("o", amount, "ignored");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body["data"]["order_id"], "o");
    EXPECT_EQ(bench.State("o"), "completed/completed");
    EXPECT_EQ(bench.State("ignored"), "none");
    const Json order = bench.Get("o");
    EXPECT_EQ(order["payment_details"]["capture_remain"], 0);
    EXPECT_EQ(order["related_transactions"][0]["type"], "capture");
    EXPECT_EQ(ErrorOf(bench.Capture("o", 1)), 1014);
  }
}

TEST(ManualCapture, PartIsANewOrder) {
  Bench bench{Authorization("o")};
  const ApiResponse answer = bench.Capture("o", 400, "part");
  EXPECT_EQ(answer.body["data"]["order_id"], "part");
  EXPECT_EQ(bench.State("o"), "completed/initialized");
  EXPECT_EQ(bench.State("part"), "completed/completed");
  EXPECT_EQ(bench.Get("o")["payment_details"]["capture_remain"], 600);
  EXPECT_EQ(bench.Get("part")["auth_order_id"], "o");
  EXPECT_EQ(bench.Get("o")["related_transactions"][0]["order_id"], "part");
  EXPECT_EQ(ErrorOf(bench.Capture("o", 100, "part")), 1006) << "the new id is taken";
  EXPECT_EQ(ErrorOf(bench.Capture("o", 601)), 1001);
  EXPECT_EQ(ErrorOf(bench.Capture("o", 0)), 1001);
  EXPECT_EQ(ErrorOf(bench.Capture("o", -5)), 1001);
  EXPECT_EQ(bench.Capture("o", 600).status, 200);
  EXPECT_EQ(bench.Get("o")["payment_details"]["capture_remain"], 0);
  EXPECT_EQ(ErrorOf(bench.Capture("o", 1)), 1014);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 1)), 1034) << "the money is on the capture orders";
  EXPECT_EQ(bench.Refund("part", 400).status, 200);
}

TEST(ManualCapture, NeedsTheNewStatus) {
  Bench bench{Authorization("o")};
  EXPECT_EQ(ErrorOf(bench.platform.Capture(bench.site(), "o", {{"amount", 1}})), 1016);
  EXPECT_EQ(ErrorOf(bench.platform.Capture(bench.site(), "x", {{"new_order_status", "completed"}})),
            1006);
  bench.Create(CardOrder("paid"));
  EXPECT_EQ(ErrorOf(bench.Capture("paid", 1)), 1014);
}

TEST(Void, EndsTheAuthorizationOrWhatIsLeftOfIt) {
  Bench bench{Authorization("o")};
  const ApiResponse answer = bench.Void("o");
  EXPECT_EQ(answer.body["data"]["success"], true);
  EXPECT_EQ(bench.State("o"), "void/void");
  EXPECT_EQ(ErrorOf(bench.Void("o")), 1014);
  EXPECT_EQ(ErrorOf(bench.Capture("o", 1)), 1014);

  bench.Create(Authorization("p"));
  bench.Capture("p", 300, "p1");
  EXPECT_EQ(bench.Void("p").status, 200);
  EXPECT_EQ(bench.State("p"), "void/void");
  EXPECT_EQ(bench.State("p1"), "completed/completed");
  const Json related = bench.Get("p")["related_transactions"];
  EXPECT_EQ(related[1]["type"], "auth-cancellation");
  EXPECT_EQ(related[1]["amount"], 700);
}

TEST(Void, NeedsStatusAndReason) {
  Bench bench{Authorization("o")};
  EXPECT_EQ(ErrorOf(bench.Void("o", {{"reason", "x"}})), 1016);
  EXPECT_EQ(ErrorOf(bench.Void("o", {{"status", "cancelled"}})), 1016);
  Bench relaxed({.void_needs_reason = false}, {Authorization("o")});
  EXPECT_EQ(relaxed.Void("o", {{"status", "cancelled"}}).status, 200);
}

TEST(Timers, OrdersChangeWhenTheirTimeHasCome) {
  const struct {
    const char* name;
    Json order;
    std::int64_t due_ms;
    const char* before;
    const char* after;
    const char* scenario = nullptr;  // that the customer chooses
  } kRows[] = {
      {"Visa authorization", Authorization("o"), 7 * kDay, "completed/initialized", "void/void"},
      {"Mastercard authorization", Authorization("o", "5500000000000004"), 30 * kDay,
       "completed/initialized", "void/void"},
      {"Maestro authorization", Authorization("o", "6799990000000000011"), 30 * kDay,
       "completed/initialized", "void/void"},
      {"challenge", CardOrder("o", "5555555555554444"), kHour, "initialized/initialized",
       "expired/expired"},
      {"page", RedirectOrder("o"), 30 * kDay, "initialized/initialized", "expired/expired"},
      {"page for seconds", With(RedirectOrder("o"), "/seconds_active", 7200), 2 * kHour,
       "initialized/initialized", "expired/expired"},
      {"page for days", With(RedirectOrder("o"), "/days_active", "2"), 2 * kDay,
       "initialized/initialized", "expired/expired"},
      {"uncleared", RedirectOrder("o"), 5 * kDay, "uncleared/uncleared", "void/cancelled",
       "uncleared"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    Bench bench{row.order};
    if (row.scenario != nullptr) {
      ASSERT_EQ(bench.Pay("o", row.scenario), "");
    }
    bench.Advance(row.due_ms - 1);
    EXPECT_EQ(bench.State("o"), row.before);
    bench.Advance(1);
    EXPECT_EQ(bench.State("o"), row.after);
    EXPECT_EQ(bench.platform.timer_count(), 0u);
  }
}

TEST(Timers, PayingOnAPageStartsTheCardsHour) {
  Bench bench{RedirectOrder("o")};
  bench.Advance(10 * kDay);
  EXPECT_EQ(
      bench.platform.PayWithCard(bench.At("o"), CardOrder("o", "5555555555554444")["gateway_info"]),
      "");
  EXPECT_EQ(bench.State("o"), "initialized/initialized");
  EXPECT_NE(bench.Get("o")["transaction_id"], 0);
  bench.Advance(kHour);
  EXPECT_EQ(bench.State("o"), "expired/expired");
}

TEST(Timers, OneLongStepFiresThemInTheirOrderAndAtTheirTime) {
  Bench bench{CardOrder("hold", "4462000000000003"), CardOrder("void", "4917300000000008")};
  bench.Advance(365 * kDay);
  EXPECT_EQ(bench.State("hold"), "completed/completed");
  EXPECT_EQ(bench.Get("hold")["completed"], "2026-06-15T12:03:00");
  EXPECT_EQ(bench.State("void"), "void/void");
}

TEST(Timers, ReviewedOrdersForgetTheirTimer) {
  Bench bench{CardOrder("o", "4917300000000008")};
  ASSERT_TRUE(bench.platform.Review(bench.At("o"), true));
  bench.Advance(kDay);
  EXPECT_EQ(bench.State("o"), "completed/completed");
}

TEST(Session, DiesAfterTwentyOpenings) {
  Bench bench{RedirectOrder("o")};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(bench.platform.OpenSession(bench.At("o")));
  EXPECT_FALSE(bench.platform.OpenSession(bench.At("o")));
  EXPECT_NE(bench.platform.PayWithCard(bench.At("o"), CardOrder("o")["gateway_info"]), "");
}

TEST(Refund, IsReservedUntilMidnightInAmsterdam) {
  Bench bench{CardOrder("o")};
  const ApiResponse answer = bench.Refund("o", 300, "r1");
  ASSERT_EQ(answer.status, 200);
  const Json data = answer.body["data"];
  EXPECT_EQ(data["order_id"], "o");
  EXPECT_EQ(data["transaction_id"], bench.Get("o")["transaction_id"]);
  EXPECT_EQ(bench.State("r1"), "reserved/reserved");
  EXPECT_EQ(bench.State("o"), "completed/completed");
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 300);
  EXPECT_EQ(bench.Get(std::to_string(data["refund_id"].get<std::int64_t>()))["order_id"], "r1");
  EXPECT_EQ(bench.Get("o")["related_transactions"][0]["refund_order_id"], "r1");
  bench.Advance(12 * kHour - 1);
  EXPECT_EQ(bench.State("o"), "completed/completed");
  bench.Advance(1);
  EXPECT_EQ(bench.State("r1"), "completed/completed");
  EXPECT_EQ(bench.State("o"), "partial_refunded/completed");
  EXPECT_EQ(bench.Get("o")["related_transactions"][0]["status"], "completed");
  EXPECT_EQ(bench.Refund("o", 700).status, 200);
  bench.Advance(kDay);
  EXPECT_EQ(bench.State("o"), "refunded/completed");
  EXPECT_EQ(ErrorOf(bench.Refund("o", 1)), 1034);
}

TEST(Refund, WithoutAmountTakesEverythingLeftAndIsCounted) {
  for (const Json& amount : {Json(nullptr), Json(0), Json(""), Json("0"), kGone}) {
    SCOPED_TRACE(amount.is_discarded() ? "absent" : amount.dump());
    Bench bench{CardOrder("o")};
    bench.Refund("o", 250);
    EXPECT_EQ(bench.Refund("o", amount).status, 200);
    EXPECT_EQ(bench.Get("o")["amount_refunded"], 1000);
    EXPECT_EQ(bench.platform.stats().at("implicit_full_refund"), 1u);
  }
}

TEST(Refund, IsRefusedAsTheRulesSay) {
  Bench bench{CardOrder("o"), CardOrder("open", "5555555555554444"), Authorization("auth")};
  EXPECT_EQ(ErrorOf(bench.Refund("none", 1)), 1006);
  EXPECT_EQ(ErrorOf(bench.RefundAs("o", {{"amount", 1}})), 1016);
  EXPECT_EQ(ErrorOf(bench.RefundAs("o", {{"amount", 1}, {"currency", "USD"}})), 1002);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 1001)), 1034);
  EXPECT_EQ(ErrorOf(bench.Refund("o", -1)), 1001);
  EXPECT_EQ(ErrorOf(bench.Refund("open", 1)), 1034);
  EXPECT_EQ(ErrorOf(bench.Refund("auth", 1)), 1034);
  bench.Advance(180 * kDay + 1);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 1)), 1034);
}

TEST(Refund, SameAmountWaitsFiveMinutes) {
  Bench bench{CardOrder("o")};
  EXPECT_EQ(bench.Refund("o", 100).status, 200);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 100)), 1034);
  EXPECT_EQ(bench.Refund("o", 101).status, 200);
  bench.Advance(300 * kSecond - 1);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 100)), 1034);
  bench.Advance(1);
  EXPECT_EQ(bench.Refund("o", 100).status, 200);
  Bench off({.five_minute_rule = false}, {CardOrder("o")});
  off.Refund("o", 100);
  EXPECT_EQ(off.Refund("o", 100).status, 200);
}

TEST(Refund, CanBeCancelledWhileReserved) {
  Bench bench{CardOrder("o")};
  const auto cancel = [&](const std::string& id) {
    return bench.platform.CancelRefund(bench.site(), "o", id, {{"status", "void"}});
  };
  const std::string id = bench.Refund("o", 400).body["data"]["refund_id"].dump();
  EXPECT_EQ(ErrorOf(cancel("123")), 1006);
  const ApiResponse answer = cancel(id);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["data"], Json::object());
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 0);
  EXPECT_EQ(bench.Get("o")["related_transactions"][0]["status"], "void");
  EXPECT_EQ(ErrorOf(cancel(id)), 1034);
  bench.Advance(2 * kDay);
  EXPECT_EQ(bench.State("o"), "completed/completed");
  EXPECT_EQ(bench.Refund("o", 1000).status, 200);
}

TEST(Refund, DeclinedByTheAcquirerGivesTheMoneyBackToTheOrder) {
  Bench bench{CardOrder("o")};
  bench.Refund("o", 1000, "r");
  ASSERT_TRUE(bench.platform.SettleRefund(bench.At("r"), false));
  EXPECT_EQ(bench.State("r"), "declined/declined");
  EXPECT_EQ(bench.State("o"), "completed/completed");
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 0);
}

TEST(Refund, KnobsChangeIdsAndAnswers) {
  Bench bench({.refund_answer = RefundAnswer::kOrderId,
               .refund_id_unique = true,
               .refund_id_echo = false,
               .five_minute_rule = false,
               .refunded_at_completion = true},
              {CardOrder("o")});
  const Json data = bench.Refund("o", 100, "r").body["data"];
  EXPECT_FALSE(data.contains("refund_id"));
  EXPECT_NE(data["transaction_id"], bench.Get("o")["transaction_id"]);
  EXPECT_EQ(ErrorOf(bench.Refund("o", 100, "r")), 1006);
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 0);
  EXPECT_FALSE(bench.Get("o")["related_transactions"][0].contains("refund_order_id"));
  bench.Advance(kDay);
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 100);
  Bench shape({.refund_answer = RefundAnswer::kRefundId}, {CardOrder("o")});
  EXPECT_FALSE(shape.Refund("o", 100).body["data"].contains("order_id"));
}

TEST(Refund, OfCheckoutDataIsTheSumOfItsNegativeLines) {
  Bench bench{CardOrder("o")};
  const Json body{
      {"checkout_data",
       {{"items",
         {{{"unit_price", 7.5}, {"quantity", 1}}, {{"unit_price", -2.5}, {"quantity", 2}}}}}}};
  EXPECT_EQ(bench.RefundAs("o", body).status, 200);
  EXPECT_EQ(bench.Get("o")["amount_refunded"], 500);
}

TEST(Patch, CancelsOnlyWhatIsNotPaid) {
  Bench bench{RedirectOrder("page"), CardOrder("open", "5555555555554444"), CardOrder("paid")};
  const Json cancel{{"status", "cancelled"}, {"exclude_order", true}};
  EXPECT_EQ(bench.Patch("page", cancel).body["data"], Json::object());
  EXPECT_EQ(bench.State("page"), "cancelled/cancelled");
  EXPECT_FALSE(bench.platform.OpenSession(bench.At("page")));
  bench.Patch("open", cancel);
  EXPECT_EQ(bench.State("open"), "cancelled/cancelled");
  EXPECT_FALSE(bench.Decide("open", "Y"));
  const ApiResponse paid = bench.Patch("paid", cancel);
  EXPECT_EQ(paid.status, 410);
  EXPECT_EQ(ErrorOf(paid), 1000);
  EXPECT_EQ(bench.State("paid"), "completed/completed");
  EXPECT_EQ(ErrorOf(bench.Patch("none", cancel)), 1006);
}

TEST(Patch, SessionOnlyReadingLeavesTheTransaction) {
  Bench bench({.exclude_order_session_only = true}, {CardOrder("open", "5555555555554444")});
  EXPECT_EQ(bench.Patch("open", {{"status", "cancelled"}, {"exclude_order", 1}}).status, 200);
  EXPECT_EQ(bench.State("open"), "initialized/initialized");
  bench.Patch("open", {{"status", "cancelled"}, {"exclude_order", 0}});
  EXPECT_EQ(bench.State("open"), "cancelled/cancelled");
}

TEST(Patch, ShipsAndKeepsTheHold) {
  Bench bench{CardOrder("hold", "4462000000000003")};
  const Json ship{{"status", "shipped"}, {"tracktrace_code", "3S1"}, {"carrier", "c"}};
  EXPECT_EQ(bench.Patch("hold", ship).status, 200);
  EXPECT_EQ(bench.State("hold"), "shipped/uncleared");
  EXPECT_EQ(bench.Get("hold")["tracktrace_code"], "3S1");
  bench.Advance(180 * kSecond);
  EXPECT_EQ(bench.State("hold"), "shipped/completed");
  EXPECT_EQ(bench.Refund("hold", 10).status, 200);

  bench.Create(Authorization("auth"));
  bench.Patch("auth", ship);
  EXPECT_EQ(bench.Capture("auth", 1000).status, 200);
  EXPECT_EQ(bench.State("auth"), "shipped/completed");

  const Json part{{"status", "shipped"}, {"amount", "300"}};
  const ApiResponse answer = bench.Patch("auth", part);
  EXPECT_EQ(answer.body["data"]["order_id"], "auth");
  bench.Create(CardOrder("declined", "4012001037461114"));
  EXPECT_EQ(bench.Patch("declined", ship).status, 410);
}

TEST(Token, IsStoredOncePaidAndPaysLater) {
  Bench bench{StoringOrder("a", "5555555555554444")};
  EXPECT_EQ(bench.Tokens().status, 410);
  bench.Decide("a", "Y");
  const Json list = bench.Tokens().body["data"]["tokens"];
  ASSERT_EQ(list.size(), 1u);
  const std::string token = list[0]["token"];
  EXPECT_EQ(bench.Get("a")["payment_details"]["recurring_id"], token);
  EXPECT_EQ(list[0]["model"], "cardOnFile");
  EXPECT_EQ(list[0]["bin"], 555555);
  EXPECT_EQ(list[0]["last4"], 4444);

  Json again = With(With(StoringOrder("b"), "/gateway", kGone), "/gateway_info", kGone);
  again["recurring_id"] = token;
  const ApiResponse paid = bench.Create(again);
  EXPECT_EQ(bench.State("b"), "completed/completed") << "no 3-D Secure for a stored card";
  EXPECT_EQ(paid.body["data"]["payment_details"]["recurring_flow"], "token");
  EXPECT_EQ(paid.body["data"]["payment_details"]["last4"], "4444");

  again["order_id"] = "c";
  again["customer"]["reference"] = "somebody-else";
  const ApiResponse stranger = bench.Create(again);
  EXPECT_EQ(stranger.status, 410);
  EXPECT_EQ(stranger.body["error_info"], "Not found: token");

  const auto get = [&] { return bench.platform.GetToken(bench.site(), "cust-1", token).body; };
  const auto remove = [&] {
    return bench.platform.RemoveToken(bench.site(), "cust-1", token).body;
  };
  const auto update = [&](const Json& body) {
    return bench.platform.UpdateToken(bench.site(), "cust-1", token, body).status;
  };
  EXPECT_EQ(update({{"expiry_date", "3113"}}), 410);
  EXPECT_EQ(update({{"expiry_date", 2512}}), 200);
  EXPECT_EQ(get()["data"]["expired"], 1);
  EXPECT_EQ(remove()["data"]["removed"], true);
  EXPECT_EQ(remove()["error_info"], "Token not removed");
  EXPECT_EQ(get()["error_info"], "Not found: token");
}

TEST(Token, ZeroAuthorizationStoresOneAndCostsNothing) {
  Bench bench;
  const ApiResponse answer = bench.Create(CardOrder("o", "4111111111111111", 0));
  EXPECT_EQ(bench.State("o"), "completed/completed");
  EXPECT_EQ(answer.body["data"]["costs"], Json::array());
  EXPECT_TRUE(answer.body["data"]["payment_details"]["recurring_id"].is_string());
  EXPECT_EQ(bench.Tokens().status, 200);
  EXPECT_EQ(ErrorOf(bench.Refund("o", nullptr)), 1034);
}

TEST(Token, OfAnotherAccountIsInvisible) {
  Settings settings;
  settings.sites.push_back(Site{.key = "another-key", .site_id = 2, .account_id = 99});
  Bench bench(settings);
  bench.Create(StoringOrder("a"));
  EXPECT_EQ(bench.platform.ListTokens(bench.platform.settings().sites[1], "cust-1", 10, 0).status,
            410);
  EXPECT_EQ(ErrorOf(bench.platform.GetOrder(bench.platform.settings().sites[1], "a")), 1006);
}

TEST(Chargeback, TakesWhatIsLeftAndIsFinal) {
  Bench bench{CardOrder("o")};
  bench.Refund("o", 200);
  bench.Advance(kDay);
  ASSERT_TRUE(bench.platform.ChargeBack(bench.At("o")));
  EXPECT_EQ(bench.State("o"), "chargeback/completed");
  const Json related = bench.Get("o")["related_transactions"][1];
  EXPECT_EQ(related["type"], "chargeback");
  EXPECT_EQ(related["amount"], 800);
  EXPECT_EQ(related["dispute"]["status"], "new");
  EXPECT_FALSE(bench.platform.ChargeBack(bench.At("o")));
}

TEST(Transactions, PageNewestFirstAndEndWithAnEmptyPage) {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.Create(CardOrder("o" + std::to_string(i)));
  bench.Refund("o0", 10, "r");
  Platform::TransactionFilter filter;
  filter.limit = 4;
  std::vector<std::string> seen;
  for (int page = 0; page < 3; ++page) {
    const Json body = bench.platform.ListTransactions(bench.site(), filter).body;
    for (const Json& transaction : body["data"]) seen.push_back(transaction["order_id"]);
    if (page < 2) {
      filter.after = body["pager"]["cursor"]["after"];
    } else {
      EXPECT_TRUE(body["data"].empty());
      EXPECT_TRUE(body["pager"]["cursor"]["after"].is_null());
    }
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("r", "o4", "o3", "o2", "o1", "o0"));
  Platform::TransactionFilter refunds;
  refunds.type = "refund";
  EXPECT_EQ(bench.platform.ListTransactions(bench.site(), refunds).body["data"].size(), 1u);
  Platform::TransactionFilter amex;
  amex.payment_methods = {"AMEX", "MAESTRO"};
  EXPECT_TRUE(bench.platform.ListTransactions(bench.site(), amex).body["data"].empty());
}

TEST(LocalTime, FollowsAmsterdamsSummer) {
  EXPECT_EQ(LocalTimeText(1'641'218'884'000), "2022-01-03T15:08:04");
  EXPECT_EQ(LocalTimeText(1'774'745'999'000), "2026-03-29T01:59:59");
  EXPECT_EQ(LocalTimeText(1'774'746'000'000), "2026-03-29T03:00:00");
  EXPECT_EQ(LocalTimeText(1'792'889'999'000), "2026-10-25T02:59:59");
  EXPECT_EQ(LocalTimeText(1'792'890'000'000), "2026-10-25T02:00:00");
  // The day that summer time ends has 25 hours.
  const std::int64_t midnight = NextLocalMidnightMs(1'792'800'000'000);
  EXPECT_EQ(LocalTimeText(midnight), "2026-10-25T00:00:00");
  EXPECT_EQ(NextLocalMidnightMs(midnight) - midnight, 25 * kHour);
  std::int64_t parsed = 0;
  ASSERT_TRUE(ParseLocalTime("2026-10-25", &parsed));
  EXPECT_EQ(parsed, midnight);
  EXPECT_FALSE(ParseLocalTime("2026-13-01", &parsed));
  EXPECT_FALSE(ParseLocalTime("yesterday", &parsed));
}

TEST(Store, ForgetsTheOldestBeyondItsBound) {
  Bench bench({.orders_max = 10});
  for (int i = 0; i < 100; ++i) {
    bench.Create(
        CardOrder("o" + std::to_string(i), i % 2 == 0 ? "5555555555554444" : "4111111111111111"));
    if (i % 2 == 1) bench.Refund("o" + std::to_string(i), 10, "r");
  }
  EXPECT_EQ(bench.platform.orders().size(), 10u);
  EXPECT_LE(bench.platform.timer_count(), 10u);
  EXPECT_EQ(bench.State("o0"), "none");
  EXPECT_EQ(bench.State("o99"), "completed/completed");
}

TEST(Store, SparesTheOrderThatIsBeingRefunded) {
  Bench bench({.orders_max = 10, .five_minute_rule = false});
  for (int i = 0; i < 10; ++i) bench.Create(Authorization("o" + std::to_string(i)));
  for (int i = 1; i <= 30; ++i)
    ASSERT_EQ(bench.Capture("o0", i, "part" + std::to_string(i)).status, 200);
  EXPECT_EQ(bench.Get("o0")["related_transactions"].size(), 30u);
  EXPECT_EQ(bench.platform.orders().size(), 10u);
}

TEST(Snapshot, RestoresWhatItSaved) {
  Bench bench{Authorization("auth"), CardOrder("open", "5555555555554444"), CardOrder("paid")};
  bench.Refund("paid", 300, "r");
  bench.Create(StoringOrder("token"));
  const Json snapshot = Json::parse(bench.platform.Snapshot().dump());

  Bench other;
  ASSERT_TRUE(other.platform.Restore(snapshot));
  for (const char* id : {"auth", "open", "paid", "r", "token"})
    EXPECT_EQ(bench.Get(id), other.Get(id)) << id;
  EXPECT_EQ(other.platform.Snapshot()["orders"], snapshot["orders"]);
  other.Advance(kHour);
  EXPECT_EQ(other.State("open"), "expired/expired") << "timers come back as well";
  for (const Json& bad :
       {Json(), Json::array(), Json{{"orders", 1}}, Json{{"orders", {1}}, {"tokens", {}}}}) {
    EXPECT_FALSE(other.platform.Restore(bad)) << bad.dump();
  }
}

// Money that was authorized is accounted for to the cent, whatever happens in whatever order.
void CheckInvariants(const Platform& platform, std::map<std::uint64_t, std::string>& final_states) {
  for (const auto& [seq, order] : platform.orders()) {
    const Money& money = order->money;
    ASSERT_GE(money.captured_here, 0);
    ASSERT_GE(money.Remain(), 0) << order->order_id;
    ASSERT_LE(money.captured_here + money.captured_in_parts + money.voided, money.authorized);
    ASSERT_GE(money.refund_reserved, 0);
    ASSERT_LE(money.refunded + money.refund_reserved + money.charged_back, money.captured_here);
    ASSERT_LE(money.authorized, order->amount);
    std::int64_t parts = 0, reserved = 0, refunded = 0;
    for (const Related& related : order->related) {
      if (related.type == "capture" && related.order_id != order->order_id) parts += related.amount;
      if (related.type == "refund" && related.status == "reserved") reserved += related.amount;
      if (related.type == "refund" && related.status == "completed") refunded += related.amount;
    }
    ASSERT_EQ(parts, money.captured_in_parts);
    ASSERT_EQ(reserved, money.refund_reserved);
    ASSERT_EQ(refunded, money.refunded);
    const auto was = final_states.find(seq);
    if (was != final_states.end()) {
      ASSERT_EQ(was->second, order->status) << "out of a final state";
    } else if (IsFinal(order->status)) {
      final_states[seq] = order->status;
    }
    if (order->timer != TimerKind::kNone) {
      ASSERT_GT(order->timer_due_ms, platform.now_ms());
    }
  }
  ASSERT_FALSE(platform.stats().contains("illegal_transitions"));
}

TEST(Money, AddsUpAfterAnySequence) {
  constexpr const char* kNumbers[] = {"4111111111111111", "5500000000000004", "5555555555554444",
                                      "4917300000000008", "4462000000000003", "4012001038488884"};
  constexpr const char* kResults[] = {"Y", "A", "N", "R", "U", "Cancel"};
  constexpr const char* kScenarios[] = {"completed", "declined", "uncleared", "cancelled",
                                        "expired"};
  int steps = 0;
  for (std::uint64_t seed = 1; steps < 100'000; ++seed) {
    SCOPED_TRACE(seed);
    Bench bench({.seed = seed, .five_minute_rule = false});
    Random random(seed);
    std::map<std::uint64_t, std::string> final_states;
    for (int step = 0; step < 500; ++step, ++steps) {
      const std::string id = "o" + std::to_string(random.Below(12));
      const auto amount = static_cast<std::int64_t>(random.Below(1200));
      Order* order = bench.platform.FindOrder(bench.site().site_id, id);
      switch (random.Below(13)) {
        case 0:
        case 1: {
          Json body = CardOrder(id, kNumbers[random.Below(6)]);
          if (random.Below(2) == 0) body["capture"] = "manual";
          bench.Create(body);
          break;
        }
        case 2: {
          Json body = RedirectOrder(id);
          const auto gateways = AllGateways();
          if (random.Below(2) == 0) body["gateway"] = gateways[random.Below(gateways.size())].id;
          if (random.Below(3) == 0) body["type"] = "direct";
          if (random.Below(6) == 0) body["gateway_info"] = {{"terminal_id", "00000APR"}};
          if (random.Below(6) == 0) body["gateway_info"] = {{"account_id", "NL87ABNA0000000004"}};
          bench.Create(body);
          break;
        }
        case 3:
          bench.Capture(id, amount);
          break;
        case 4:
          bench.Capture(id, nullptr);
          break;
        case 5:
          if (random.Below(4) == 0) bench.Void(id);
          break;
        case 6:
          bench.Refund(id, amount);
          break;
        case 7: {
          if (order == nullptr || order->related.empty()) break;
          const Related& related = order->related[random.Below(order->related.size())];
          bench.platform.CancelRefund(bench.site(), id, std::to_string(related.transaction_id),
                                      {{"status", "void"}});
          break;
        }
        case 8:
          if (order != nullptr) bench.platform.Decide3ds(*order, kResults[random.Below(6)]);
          break;
        case 9:
          if (order == nullptr) break;
          if (random.Below(2) == 0) {
            bench.platform.PayScenario(*order, kScenarios[random.Below(5)]);
          } else {
            bench.platform.PayWithCard(*order,
                                       CardOrder(id, kNumbers[random.Below(6)])["gateway_info"]);
          }
          break;
        case 10:
          bench.Patch(id, {{"status", random.Below(3) == 0 ? "cancelled" : "shipped"}});
          break;
        case 11: {
          if (order == nullptr) break;
          if (random.Below(8) == 0) bench.platform.ChargeBack(*order);
          bench.platform.Review(*order, random.Below(2) == 0);
          if (random.Below(2) == 0) bench.platform.AdvanceLife(*order);
          if (order->related.empty()) break;
          Order* child = bench.platform.FindAnywhere(
              std::to_string(order->related[random.Below(order->related.size())].transaction_id));
          if (child != nullptr) bench.platform.SettleRefund(*child, random.Below(3) != 0);
          break;
        }
        default:
          bench.Advance(
              static_cast<std::int64_t>(random.Below(random.Below(20) == 0 ? 9 * kDay : kHour)));
          break;
      }
      if (step % 10 == 0) CheckInvariants(bench.platform, final_states);
      if (HasFatalFailure()) return;
    }
    for (const Notice& notice : bench.platform.TakeNotices()) ASSERT_FALSE(notice.body.empty());
  }
}

}  // namespace
}  // namespace msp::sandbox::testing
