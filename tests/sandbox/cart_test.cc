// SPDX-License-Identifier: Apache-2.0

// Carts in the currency's own decimals, numbers as other clients write them, refunds by cart lines.
#include <gtest/gtest.h>

#include "sandbox/core/cart.h"
#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

Json Item(const char* price, const char* quantity, const char* table = "BTW21") {
  return {{"name", "Ticket"},
          {"unit_price", Json::parse(price)},
          {"quantity", Json::parse(quantity)},
          {"tax_table_selector", table}};
}

Json CartOrder(const std::string& id, std::int64_t amount, Json items,
               const std::string& currency = "EUR") {
  Json body = CardOrder(id, "4111111111111111", amount);
  body["currency"] = currency;
  body["shopping_cart"] = {{"items", std::move(items)}};
  body["checkout_options"] = {{"validate_cart", true},
                              {"tax_tables",
                               {{"default", {{"rate", 0.21}}},
                                {"alternate",
                                 {{{"name", "BTW21"}, {"rules", {{{"rate", 0.21}}}}},
                                  {{"name", "none"}, {"rules", {{{"rate", 0}}}}}}}}}};
  return body;
}

TEST(Cart, CountsInTheCurrencysOwnDecimals) {
  const struct {
    const char* name;
    const char* currency;
    std::int64_t amount;
    Json items;
    const char* total;
  } kRows[] = {
      {"cents", "EUR", 1080, Json::array({Item("10.8", "1", "none")}), "10.80"},
      {"whole yen", "JPY", 1080, Json::array({Item("1080", "1", "none")}), "1080"},
      {"yen with tax", "JPY", 1307, Json::array({Item("1080", "1")}), "1307"},
      {"half a piece", "EUR", 300, Json::array({Item("2.00", "1.5", "none")}), "3.00"},
      {"quantity as a double", "EUR", 605, Json::array({Item("2.5", "2.0")}), "6.05"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    Bench bench;
    const ApiResponse answer = bench.Create(CartOrder("o", row.amount, row.items, row.currency));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body["data"]["order_total"], row.total);
    EXPECT_EQ(ErrorOf(bench.Create(CartOrder("p", row.amount + 1, row.items, row.currency))), 1027);
  }
}

TEST(Cart, NumbersWithoutAFractionAreIntegers) {
  for (const char* number : {"1000", "1000.0", "1e3", "\"1000\""}) {
    SCOPED_TRACE(number);
    Bench bench;
    Json body = CardOrder("o");
    body["amount"] = Json::parse(number);
    body["capture"] = "manual";
    body["gateway_info"]["card_expiry_date"] = Json::parse("3012.0");
    EXPECT_EQ(bench.Create(body).body["data"]["amount"], 1000);
    const Json capture{{"amount", Json::parse(number)}, {"new_order_status", "completed"}};
    EXPECT_EQ(bench.platform.Capture(bench.site(), "o", capture).status, 200);
    const Json refund{{"amount", Json::parse(number)}, {"currency", "EUR"}};
    EXPECT_EQ(bench.RefundAs("o", refund).status, 200);
    EXPECT_EQ(bench.At("o").money.refund_reserved, 1000);
  }
  for (const char* number : {"1000.5", "1e30", "-1000.0", "9007199254740994.0"}) {
    Bench bench;
    Json body = CardOrder("o");
    body["amount"] = Json::parse(number);
    EXPECT_EQ(ErrorOf(bench.Create(body)), 1001) << number;
  }
  Settings settings;
  settings.strict_types = true;
  Bench strict(settings);
  Json body = CardOrder("o");
  body["amount"] = 1000.0;
  EXPECT_EQ(ErrorOf(strict.Create(body)), 1001);
}

TEST(Cart, RefundedLinesBringTheirTax) {
  const Json kBought = Item("41.3223140496", "1");
  const struct {
    const char* name;
    Json line;
    std::int64_t back;
  } kRows[] = {{"negative price", Item("-41.3223140496", "1"), 5000},
               {"negative quantity", Item("41.3223140496", "-1"), 5000},
               {"both", Item("-41.3223140496", "-1"), 5000},
               {"half of it", Item("41.3223140496", "-0.5"), 2500},
               {"without tax", Item("41.3223140496", "-1", "none"), 4132}};
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    Bench bench;
    ASSERT_EQ(bench.Create(CartOrder("o", 5000, Json::array({kBought}))).status, 200);
    const Json refund{{"checkout_data", {{"items", Json::array({kBought, row.line})}}}};
    EXPECT_EQ(bench.RefundAs("o", refund).status, 200);
    EXPECT_EQ(bench.At("o").money.refund_reserved, row.back);
  }
}

TEST(Cart, UnreadableRefundLinesGiveNothingBack) {
  const Json tables = Json::object();
  EXPECT_EQ(RefundOfLines(Json::array({{{"unit_price", "x"}, {"quantity", -1}}}), tables, "EUR"),
            0);
  EXPECT_EQ(RefundOfLines(Json::object(), tables, "EUR"), 0);
  EXPECT_EQ(RefundOfLines(Json::array({Item("10", "1")}), tables, "EUR"), 0) << "nothing negative";
  EXPECT_EQ(RefundOfLines(Json::array({Item("1080", "-1")}), tables, "JPY"), 1080);
}

}  // namespace
}  // namespace msp::sandbox::testing
