// SPDX-License-Identifier: Apache-2.0

// --polymorphism: other JSON types, the same facts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

TEST(Polymorphism, ModernGivesTextForCardNumbers) {
  Bench bench{CardOrder("962")};
  const Json order = bench.Get("962");
  EXPECT_EQ(order["order_id"], "962");
  EXPECT_EQ(order["payment_details"]["last4"], "1111");
  EXPECT_EQ(order["payment_details"]["card_expiry_date"], "3012");
  EXPECT_TRUE(order["payment_methods"][0]["external_transaction_id"].is_string());
}

TEST(Polymorphism, LegacyGivesNumbersUnlessAZeroLeads) {
  Bench bench({.polymorphism = Polymorphism::kLegacy}, {CardOrder("962")});
  const Json order = bench.Get("962");
  EXPECT_EQ(order["order_id"], 962);
  EXPECT_EQ(order["payment_details"]["last4"], 1111);
  EXPECT_EQ(order["payment_details"]["card_expiry_date"], 3012);
  EXPECT_TRUE(order["payment_details"]["external_transaction_id"].is_number_integer());
  EXPECT_EQ(order["reason_code"], "");
  bench.Create(CardOrder("000962", "5500000000000004"));
  EXPECT_EQ(bench.Get("000962")["order_id"], "000962");
  EXPECT_EQ(bench.Get("000962")["payment_details"]["last4"], "0004");
  bench.Create(With(CardOrder("early"), "/gateway_info/card_expiry_date", "0912"));
  EXPECT_EQ(bench.Get("early")["payment_details"]["card_expiry_date"], "0912");
}

// A scalar's text, null, "" and absence being one.
std::string Fact(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

TEST(Polymorphism, ChaosChangesShapesAndNoFacts) {
  Bench modern{CardOrder("962")};
  const Json plain = modern.Get("962");
  for (const Polymorphism polymorphism : {Polymorphism::kChaos, Polymorphism::kChaosPhp}) {
    Bench bench({.polymorphism = polymorphism}, {CardOrder("962")});
    std::map<std::string, std::set<std::string>> shapes;
    for (int i = 0; i < 300; ++i) {
      const Json order = bench.Get("962");
      for (const char* name :
           {"order_id", "transaction_id", "reason_code", "items", "var1", "status", "amount"}) {
        EXPECT_EQ(Fact(order, name), Fact(plain, name)) << name;
        shapes[name].insert(order.contains(name) ? order[name].type_name() : "absent");
      }
      const Json& details = order["payment_details"];
      ASSERT_TRUE(details.is_object());
      for (const char* name : {"last4", "card_expiry_date", "external_transaction_id",
                               "authorization_code", "recurring_id"}) {
        EXPECT_EQ(Fact(details, name), Fact(plain["payment_details"], name)) << name;
        shapes[name].insert(details.contains(name) ? details[name].type_name() : "absent");
      }
      shapes["costs"].insert(order["costs"].type_name());
    }
    using ::testing::UnorderedElementsAre;
    EXPECT_THAT(shapes["order_id"], UnorderedElementsAre("string", "number"));
    EXPECT_THAT(shapes["transaction_id"], UnorderedElementsAre("string", "number"));
    EXPECT_THAT(shapes["var1"], UnorderedElementsAre("string", "null", "absent"));
    EXPECT_THAT(shapes["last4"], UnorderedElementsAre("string", "number"));
    // Typed readers end on the one, so that only the PHP polymorphism has it.
    if (polymorphism == Polymorphism::kChaos) {
      EXPECT_THAT(shapes["costs"], UnorderedElementsAre("array"));
    } else {
      EXPECT_THAT(shapes["costs"], UnorderedElementsAre("array", "object"));
    }
    EXPECT_THAT(shapes["status"], UnorderedElementsAre("string"));
    EXPECT_THAT(shapes["amount"], UnorderedElementsAre("number"));
  }
}

TEST(Polymorphism, EmptyObjectsAreListsOnlyAsPhpHasThem) {
  for (const auto& [polymorphism, type] :
       {std::pair(Polymorphism::kChaos, "object"), std::pair(Polymorphism::kChaosPhp, "array")}) {
    Bench bench({.polymorphism = polymorphism}, {RedirectOrder("o")});
    EXPECT_STREQ(bench.Get("o")["payment_details"].type_name(), type);
  }
}

TEST(Polymorphism, ChaosIsTheSeedsChoice) {
  std::string answers[2];
  for (std::string& answer : answers) {
    Bench bench({.seed = 5, .polymorphism = Polymorphism::kChaos}, {CardOrder("1")});
    for (int i = 0; i < 20; ++i) answer += bench.Get("1").dump();
  }
  EXPECT_EQ(answers[0], answers[1]);
}

}  // namespace
}  // namespace msp::sandbox::testing
