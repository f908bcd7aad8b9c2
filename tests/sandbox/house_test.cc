// SPDX-License-Identifier: Apache-2.0

// What a MultiSafepay may do differently from the documented one: reads that lag, texts that come
// back changed, ids that are free again, and people in the dashboard.
#include <gmock/gmock.h>

#include "tests/sandbox/core_fixture.h"
#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

Options Lagging() {
  Options options;
  options.settings.read_lag_min_ms = 2'000;
  options.settings.read_lag_max_ms = 3'000;
  options.settings.five_minute_rule = false;
  return options;
}

TEST(ReadLag, AGetShowsTheOrderAsItWas) {
  Running sandbox(Lagging());
  ASSERT_EQ(sandbox.Create(CardOrder("o")).data()["status"], "completed");
  EXPECT_EQ(sandbox.Get("o").body["error_code"], 1006);
  EXPECT_EQ(sandbox.Create(CardOrder("o")).body["error_code"], 1006) << "writes do not lag";
  sandbox.Advance(1);
  EXPECT_EQ(sandbox.Get("o").body["error_code"], 1006);
  sandbox.Advance(2);
  EXPECT_EQ(sandbox.Get("o").data()["status"], "completed");
}

TEST(ReadLag, ARefundAppearsLaterInItsOrderAndByItself) {
  Running sandbox(Lagging());
  sandbox.Create(CardOrder("o"));
  sandbox.Advance(3);
  sandbox.Post("orders/o/refunds",
               {{"amount", 300}, {"currency", "EUR"}, {"refund_order_id", "r"}});
  EXPECT_TRUE(sandbox.Get("o").data()["related_transactions"].is_null());
  EXPECT_EQ(sandbox.Get("o").data()["amount_refunded"], 0);
  EXPECT_EQ(sandbox.Get("r").status, 404);
  sandbox.Advance(3);
  EXPECT_EQ(sandbox.Get("o").data()["related_transactions"].size(), 1u);
  EXPECT_EQ(sandbox.Get("o").data()["amount_refunded"], 300);
  EXPECT_EQ(sandbox.Get("r").status, 200);
}

TEST(ReadLag, EachOrderHasALagOfItsOwnThatStays) {
  Running sandbox({.settings = {.read_lag_min_ms = 1'000, .read_lag_max_ms = 9'000}});
  constexpr int kOrders = 40;
  for (int i = 0; i < kOrders; ++i) sandbox.Create(CardOrder("o" + std::to_string(i)));
  int before = 0;
  for (int second = 0; second < 10; ++second) {
    int visible = 0;
    for (int i = 0; i < kOrders; ++i)
      visible += sandbox.Get("o" + std::to_string(i)).status == 200 ? 1 : 0;
    EXPECT_GE(visible, before) << "what was shown stays";
    if (second == 5) {
      EXPECT_GT(visible, 5);
      EXPECT_LT(visible, kOrders - 5);
    }
    before = visible;
    sandbox.Advance(1);
  }
  EXPECT_EQ(before, kOrders);
}

TEST(CustomEcho, TextsComeBackAsTheHouseShowsThem) {
  const std::string sent = "idem:0123456789012345678901234567890123456789";
  const std::pair<CustomEcho, Json> kCases[] = {
      {CustomEcho::kAsSent, sent},
      {CustomEcho::kNull, nullptr},
      {CustomEcho::kCut, sent.substr(0, 32)},
      {CustomEcho::kUpper, "IDEM:" + sent.substr(5)},
      {CustomEcho::kSpace, sent + " "},
  };
  Json order = CardOrder("o");
  order["custom_info"]["custom_3"] = sent;
  order["var1"] = sent;
  for (const auto& [echo, shown] : kCases) {
    SCOPED_TRACE(shown.dump());
    Bench house({.custom_echo = echo}, {order});
    EXPECT_EQ(house.Get("o")["custom_info"]["custom_3"], shown);
    EXPECT_EQ(house.Get("o")["var1"], shown);
  }
  Bench house({.custom_echo = CustomEcho::kAbsent}, {order});
  EXPECT_FALSE(house.Get("o")["custom_info"].contains("custom_3"));
  EXPECT_FALSE(house.Get("o").contains("var1"));
}

TEST(Dashboard, RefundsCapturesAndVoidsWithoutIdsOfTheShop) {
  Running sandbox{CardOrder("paid")};
  EXPECT_EQ(sandbox.Control("orders/paid/refunds", {{"amount", 300}}).status, 200);
  const Json refund = sandbox.Get("paid").data()["related_transactions"][0];
  EXPECT_EQ(refund["amount"], 300);
  EXPECT_EQ(refund["refund_order_id"], "paid");
  EXPECT_EQ(sandbox.Control("orders/paid/refunds", {{"amount", 900}}).status, 409)
      << "more than is left";
  for (const char* id : {"captured", "voided"}) sandbox.Create(Authorization(id));
  EXPECT_EQ(sandbox.Control("orders/captured/capture", {{"amount", 400}}).status, 200);
  EXPECT_EQ(sandbox.Get("captured").data()["related_transactions"][0]["description"], "dashboard");
  EXPECT_EQ(sandbox.Control("orders/voided/void", Json::object()).status, 200);
  EXPECT_EQ(sandbox.Get("voided").data()["status"], "void");
  EXPECT_EQ(sandbox.Control("orders/voided/void", Json::object()).status, 409);
}

TEST(Clock, TheDateHeaderIsTheSandboxsTime) {
  Running sandbox;
  const std::string before = sandbox.Fetch("me").Header("Date");
  sandbox.Advance(6 * 3600);
  const ClientResponse later = sandbox.Fetch("me");
  EXPECT_NE(later.Header("Date"), before);
  EXPECT_EQ(later.headers.count("Date"), 1u);
}

}  // namespace
}  // namespace msp::sandbox::testing
