// SPDX-License-Identifier: Apache-2.0

// Which ids are the same. What an answer about another object leads to is in interpret_test.cc.
#include "service/payments/mismatch.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace msp::payments {
namespace {

TEST(SameOrderId, LosesZerosOfDigitsAndNothingElse) {
  const std::vector<std::pair<const char*, const char*>> same{
      {"order-1", "order-1"},
      {"000000962", "962"},
      {"962", "000962"},
      {"000", "0"},
      {"12345678901234567890123", "12345678901234567890123"}};
  for (const auto& [sent, answered] : same) EXPECT_TRUE(SameOrderId(sent, answered)) << sent;
  const std::vector<std::pair<const char*, const char*>> other{{"order-1", "order-2"},
                                                               {"0962a", "962a"},
                                                               {"962", "9620"},
                                                               {"000000962", "963"},
                                                               {"", "0"},
                                                               {"0", ""},
                                                               {"a", "A"},
                                                               {"962", "962.0"},
                                                               {"-962", "962"},
                                                               {" 962", "962"}};
  for (const auto& [sent, answered] : other) EXPECT_FALSE(SameOrderId(sent, answered)) << sent;
}

TEST(SameOrderId, TakesANumberForATextOnlyWhereTheAnswerHadANumber) {
  constexpr std::string_view kField = "multisafepay.v1.Order.order_id";
  EXPECT_TRUE(SameOrderId("007", "7", {kField}, kField));
  EXPECT_FALSE(SameOrderId("007", "7", {}, kField));
  EXPECT_FALSE(SameOrderId("007", "7", {"multisafepay.v1.Order.transaction_id"}, kField));
  EXPECT_TRUE(SameOrderId("007", "007", {}, kField));
}

}  // namespace
}  // namespace msp::payments
