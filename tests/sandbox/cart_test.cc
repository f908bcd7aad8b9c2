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
                                  {{"name", "BTW9"}, {"rules", {{{"rate", 0.09}}}}},
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
    const char* tax;
  } kRows[] = {
      {"cents", "EUR", 1080, Json::array({Item("10.8", "1", "none")}), "10.80", "0.00"},
      {"whole yen", "JPY", 1080, Json::array({Item("1080", "1", "none")}), "1080", "0"},
      {"yen with tax", "JPY", 1307, Json::array({Item("1080", "1")}), "1307", "227"},
      {"half a piece", "EUR", 300, Json::array({Item("2.00", "1.5", "none")}), "3.00", "0.00"},
      {"quantity as a double", "EUR", 605, Json::array({Item("2.5", "2.0")}), "6.05", "1.05"},
      {"the documentation's own example", "EUR", 7495,
       Json::array({Item("13.761467889", "2", "BTW9"), Item("8.2644628099", "4"),
                    Item("4.5412844037", "1", "BTW9")}),
       "74.95", "9.83"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    Bench bench;
    const ApiResponse answer = bench.Create(CartOrder("o", row.amount, row.items, row.currency));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body["data"]["order_total"], row.total);
    EXPECT_EQ(answer.body["data"]["order_adjustment"]["total_tax"], row.tax);
    EXPECT_FALSE(answer.body["data"]["checkout_options"].contains("tax_tables"));
    for (const std::int64_t off : {-1, 1}) {
      const Json other = CartOrder("p", row.amount + off, row.items, row.currency);
      EXPECT_EQ(ErrorOf(bench.Create(other)), 1027) << off;
    }
  }
}

TEST(Cart, IsInTheCurrencyOfItsOrderAndCheckedOnlyWhereAsked) {
  Bench bench;
  const Json order = CartOrder("o", 1080, Json::array({Item("10.8", "1", "none")}));
  EXPECT_EQ(ErrorOf(bench.Create(With(order, "/shopping_cart/items/0/currency", "USD"))), 1026);
  const Json unchecked = With(order, "/checkout_options/validate_cart", false);
  EXPECT_EQ(bench.Create(With(unchecked, "/shopping_cart/items/0/unit_price", 1)).status, 200);
}

TEST(Cart, NumbersWithoutAFractionAreIntegers) {
  for (const char* number : {"1000", "1000.0", "1e3", "\"1000\""}) {
    SCOPED_TRACE(number);
    Bench bench;
    const Json body = With(With(Authorization("o"), "/amount", Json::parse(number)),
                           "/gateway_info/card_expiry_date", Json::parse("3012.0"));
    EXPECT_EQ(bench.Create(body).body["data"]["amount"], 1000);
    const Json capture{{"amount", Json::parse(number)}, {"new_order_status", "completed"}};
    EXPECT_EQ(bench.platform.Capture(bench.site(), "o", capture).status, 200);
    const Json refund{{"amount", Json::parse(number)}, {"currency", "EUR"}};
    EXPECT_EQ(bench.RefundAs("o", refund).status, 200);
    EXPECT_EQ(bench.At("o").money.refund_reserved, 1000);
  }
  for (const char* number : {"1000.5", "1e30", "-1000.0", "9007199254740994.0"}) {
    Bench bench;
    const Json order = With(CardOrder("o"), "/amount", Json::parse(number));
    EXPECT_EQ(ErrorOf(bench.Create(order)), 1001) << number;
  }
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
