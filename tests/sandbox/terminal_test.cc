// SPDX-License-Identifier: Apache-2.0

// Point of sale: terminals, orders collected at them, refunds without an order, receipts.
#include <gtest/gtest.h>

#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

TEST(Terminal, AreListedByPageAndGroup) {
  Bench bench;
  const Json all = bench.platform.ListTerminals("", 1, 100).body;
  EXPECT_EQ(all["pager"]["total_items"], 5);
  EXPECT_EQ(all["data"].size(), 5U);
  EXPECT_EQ(all["data"][0].size(), 11U);
  const Json second = bench.platform.ListTerminals("", 2, 2).body;
  EXPECT_EQ(second["data"].size(), 2U);
  EXPECT_EQ(second["data"][0], all["data"][2]);
  EXPECT_EQ(bench.platform.ListTerminals("57958", 1, 100).body["pager"]["total_items"], 3);
  EXPECT_EQ(bench.platform.ListTerminals("1", 1, 100).status, 403);
}

TEST(Terminal, AreCreated) {
  Bench bench;
  const ApiResponse made =
      bench.platform.CreateTerminal({{"provider", "CTAP"}, {"group_id", 57959}, {"name", "Bar"}});
  ASSERT_EQ(made.status, 200);
  const std::string id = made.body["data"]["id"];
  EXPECT_EQ(bench.platform.ListTerminals("57959", 1, 100).body["pager"]["total_items"], 3);
  EXPECT_EQ(bench.Create(CloudOrder("o", id)).status, 200);
  EXPECT_EQ(bench.platform.CreateTerminal({{"provider", "X"}, {"group_id", 1}}).status, 422);
}

TEST(Terminal, CollectAsConfigured) {
  const struct {
    const char* terminal;
    std::int64_t amount;
    std::int64_t after_s;
    const char* state;
  } kRows[] = {{"00000APR", 1000, 5, "completed/completed"},
               {"00000DEC", 1000, 5, "declined/declined"},
               {"00000TMO", 1000, 119, "initialized/initialized"},
               {"00000TMO", 1000, 120, "expired/expired"},
               {"00000APR", 1051, 5, "declined/declined"},
               {"00000APR", 1098, 119, "initialized/initialized"},
               {"00000APR", 1098, 120, "expired/expired"},
               {"00000MAN", 1000, 100, "initialized/initialized"}};
  for (const auto& row : kRows) {
    SCOPED_TRACE(std::string(row.terminal) + " " + std::to_string(row.amount));
    Bench bench;
    const Json data = bench.Create(CloudOrder("o", row.terminal, row.amount)).body["data"];
    EXPECT_FALSE(data.contains("payment_url"));
    EXPECT_TRUE(data.contains("session_id") && data.contains("events_token") &&
                data.contains("events_stream_url") && data.contains("events_url"));
    EXPECT_EQ(bench.State("o"), "initialized/initialized");
    bench.Advance(row.after_s * kSecond);
    EXPECT_EQ(bench.State("o"), row.state);
  }
}

TEST(Terminal, TheControlApiActsForTheCustomer) {
  const std::pair<const char*, const char*> kRows[] = {{"approve", "completed/completed"},
                                                       {"decline", "declined/declined"},
                                                       {"timeout", "expired/expired"},
                                                       {"cancel", "cancelled/cancelled"}};
  for (const auto& [outcome, state] : kRows) {
    SCOPED_TRACE(outcome);
    Bench bench{CloudOrder("o", "00000MAN")};
    EXPECT_FALSE(bench.platform.ActAtTerminal(bench.At("o"), "shrug"));
    EXPECT_TRUE(bench.platform.ActAtTerminal(bench.At("o"), outcome));
    EXPECT_EQ(bench.State("o"), state);
    EXPECT_FALSE(bench.platform.ActAtTerminal(bench.At("o"), "approve")) << "it is over";
  }
  Bench bench;
  EXPECT_TRUE(bench.platform.SetTerminalBehaviour("00000MAN", {{"behaviour", "approve"}}));
  EXPECT_FALSE(bench.platform.SetTerminalBehaviour("00000MAN", {{"behaviour", "dance"}}));
  EXPECT_FALSE(bench.platform.SetTerminalBehaviour("none", Json::object()));
  bench.Create(CloudOrder("o", "00000MAN"));
  bench.Advance(5 * kSecond);
  EXPECT_EQ(bench.State("o"), "completed/completed");
}

TEST(Terminal, TakeOnePaymentAtATime) {
  Bench bench;
  EXPECT_EQ(bench.Create(CloudOrder("first", "00000MAN")).status, 200);
  EXPECT_EQ(ErrorOf(bench.Create(CloudOrder("second", "00000MAN"))), 1021);
  EXPECT_EQ(bench.Create(CloudOrder("elsewhere", "00000APR")).status, 200);
  bench.Cancel("first");
  EXPECT_EQ(bench.State("first"), "cancelled/cancelled");
  EXPECT_EQ(bench.Create(CloudOrder("second", "00000MAN")).status, 200);
  EXPECT_EQ(ErrorOf(bench.Create(CloudOrder("off", "00000OFF"))), 1023);
  EXPECT_EQ(ErrorOf(bench.Create(CloudOrder("none", "none"))), 1023);
}

TEST(Terminal, OrdersAreCancelledByPostAlone) {
  Bench bench{CloudOrder("o", "00000MAN")};
  EXPECT_EQ(bench.Patch("o", {{"status", "cancelled"}}).status, 410);
  EXPECT_EQ(bench.Cancel("o").body["data"]["status"], "cancelled");
  EXPECT_EQ(bench.Cancel("o").status, 403);
}

TEST(Terminal, AReceiptShowsThePaymentAndItsTip) {
  Bench bench;
  Json body = CloudOrder("o", "00000APR", 1247);
  body["amount_details"] = {{"tip", {{"amount", 208}}}};
  body["shopping_cart"] = {
      {"items", {{{"name", "Flat White"}, {"unit_price", 3.20}, {"quantity", 2}}}}};
  bench.Create(body);
  EXPECT_EQ(ErrorOf(bench.platform.GetReceipt(bench.site(), "o")), 1006) << "not paid yet";
  bench.Advance(5 * kSecond);
  const Json receipt = bench.platform.GetReceipt(bench.site(), "o").body["data"];
  EXPECT_EQ(receipt["order"]["amount"], 1247);
  EXPECT_EQ(receipt["order"]["tip"][0]["amount"], 208);
  EXPECT_EQ(receipt["order"]["items"][0]["unit_price"], 320);
  EXPECT_EQ(receipt["order"]["items"][0]["item_price"], 640);
  EXPECT_EQ(receipt["payment"]["terminal_id"], "00000APR");
  EXPECT_EQ(receipt["payment"]["last4"], "1111");
  EXPECT_EQ(receipt["payment"]["card_entry_mode"], "ICC_CONTACTLESS");
  EXPECT_EQ(receipt["related_transactions"], nullptr);
  EXPECT_EQ(bench.Get("o")["payment_details"]["terminal_id"], "00000APR");
  bench.Refund("o", 247);
  EXPECT_EQ(
      bench.platform.GetReceipt(bench.site(), "o").body["data"]["related_transactions"]["amount"],
      247);
  bench.Create(CardOrder("online"));
  EXPECT_EQ(ErrorOf(bench.platform.GetReceipt(bench.site(), "online")), 1006);
}

TEST(Terminal, GivesMoneyBackWithoutAnOrder) {
  Bench bench;
  const Json body = With(CloudOrder("back", "00000APR"), "/type", "unreferenced_refund");
  EXPECT_EQ(bench.Create(body).status, 200);
  bench.Advance(5 * kSecond);
  EXPECT_EQ(bench.State("back"), "completed/completed");
  Platform::TransactionFilter refunds;
  refunds.type = "refund";
  const Json listed = bench.platform.ListTransactions(bench.site(), refunds).body["data"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["debit_credit"], "D");
  EXPECT_EQ(ErrorOf(bench.Refund("back", 100)), 1034);
  const Json nowhere = With(With(body, "/order_id", "nowhere"), "/gateway_info", kGone);
  EXPECT_EQ(ErrorOf(bench.Create(nowhere)), 1016);
}

TEST(Terminal, EventsFollowTheOrder) {
  Bench bench;
  const Json data = bench.Create(CloudOrder("o", "00000APR")).body["data"];
  bench.Advance(5 * kSecond);
  const Order* order = bench.platform.FindEventsToken(data["events_token"]);
  ASSERT_NE(order, nullptr);
  ASSERT_EQ(order->events.size(), 2U);
  EXPECT_EQ(order->events[0].id, 1U);
  EXPECT_EQ(order->events[0].status, "initialized");
  EXPECT_EQ(order->events[1].id, 2U);
  EXPECT_EQ(order->events[1].status, "completed");
  EXPECT_EQ(bench.platform.FindEventsToken(""), nullptr);
  Bench other;
  ASSERT_TRUE(other.platform.Restore(bench.platform.Snapshot()));
  EXPECT_NE(other.platform.FindEventsToken(data["events_token"]), nullptr);
}

}  // namespace
}  // namespace msp::sandbox::testing
