// SPDX-License-Identifier: Apache-2.0

#include "client/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace msp::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Money, IsInMajorUnitsWhereTheUnitIsKnown) {
  EXPECT_EQ(Money(4995, "EUR"), "49.95 EUR");
  EXPECT_EQ(Money(5, "EUR"), "0.05 EUR");
  EXPECT_EQ(Money(0, "EUR"), "0.00 EUR");
  EXPECT_EQ(Money(-120, "EUR"), "-1.20 EUR");
  EXPECT_EQ(Money(INT64_MIN, "EUR"), "-92233720368547758.08 EUR");
  EXPECT_EQ(Money(10, "JPY"), "10 JPY");
  EXPECT_EQ(Money(1000, "KRW"), "1000 KRW (minor units)");
  EXPECT_EQ(Money(1000, ""), "1000 (minor units)");
}

TEST(Table, ShowsThePaymentsStateFirst) {
  const std::string table =
      Table(R"({"order":{"transaction_id":"1","order_id":"tulip-1","amount":1000,"currency":"EUR",)"
            R"("payment_state":"PAYMENT_STATE_PAID"},"result":{"outcome":"OUTCOME_CONFIRMED"}})",
            "");
  EXPECT_EQ(table,
            "payment_state   PAID\n"
            "result.outcome  CONFIRMED\n"
            "order_id        tulip-1\n"
            "transaction_id  1\n"
            "amount          10.00 EUR\n"
            "currency        EUR\n");
}

TEST(Table, AmountsInsideTakeTheOrdersCurrencyUnlessTheyHaveTheirOwn) {
  const std::string table =
      Table(R"({"order":{"currency":"EUR","payment_details":{"capture_remain":700},)"
            R"("related_transactions":[{"amount":5,"currency":"JPY"}]}})",
            "");
  EXPECT_THAT(table, HasSubstr("payment_details.capture_remain    7.00 EUR\n"));
  EXPECT_THAT(table, HasSubstr("related_transactions[0].amount    5 JPY\n"));
}

TEST(Table, AmountsThatComeAsTextKeepTheirDigits) {
  EXPECT_THAT(Table(R"({"order":{"currency":"EUR","costs":[{"amount":"0.49"}]}})", ""),
              HasSubstr("0.49\n"));
}

TEST(Table, AnAddressIsShownInFullAndAPageIsNot) {
  const std::string url = "https://pay.example/" + std::string(300, 'x');
  const std::string table = Table(
      R"({"order":{"payment_url":")" + url + R"(","customer_verification":{"html":"<p>"}}})", "");
  EXPECT_THAT(table, HasSubstr(url));
  EXPECT_THAT(table, Not(HasSubstr("<p>")));
}

TEST(Table, TextFromOutsideDoesNotSteerTheTerminal) {
  const std::string table =
      Table("{\"order\":{\"description\":\"a\\u001b[2Jb\\nc\\u009bd\\u007f\xc3\xa9\"}}", "");
  EXPECT_EQ(table, "description  a?[2Jb?c?d?\xc3\xa9\n");
}

TEST(Table, AListHasOneLineAnElement) {
  const std::string table =
      Table(R"({"transactions":[{"transaction_id":"7","amount":5,"currency":"EUR"},)"
            R"({"transaction_id":"1234","status":"completed"}],"next_page_token":"abc"})",
            "transaction_id amount status");
  EXPECT_EQ(table,
            "transaction_id  amount    status\n"
            "7               0.05 EUR  -\n"
            "1234            -         completed\n"
            "next_page_token: abc\n");
}

TEST(Table, AColumnMayLieDeeper) {
  EXPECT_THAT(Table(R"({"m":[{"allowed_amount":{"min":1}}]})", "allowed_amount.min"),
              HasSubstr("\n1\n"));
}

TEST(Table, AnEmptyListSaysSo) { EXPECT_EQ(Table("{}", "token"), "(none)\n"); }

TEST(Table, AnEmptyReplyHasNoLines) { EXPECT_EQ(Table("{}", ""), ""); }

TEST(Table, WhatIsNoTableIsShownAsItIs) { EXPECT_THAT(Table("oops", ""), StartsWith("oops")); }

}  // namespace
}  // namespace msp::cli
