// SPDX-License-Identifier: Apache-2.0

// The table of test cards against the state machine, with and without a challenge, and the magic
// names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

Json NamedOrder(const std::string& holder) {
  return With(CardOrder("o"), "/gateway_info/card_holder_name", holder);
}

struct CardCase {
  const char* number;
  const char* frictionless;  // state after a direct order
  const char* challenged;    // after the customer said Y
  const char* after_hold;    // 180 s later
  const char* reason_code;
};

constexpr CardCase kCards[] = {
    {"4111111111111111", "completed/completed", "completed/completed", "completed/completed", ""},
    {"4761340000000019", "completed/completed", "completed/completed", "completed/completed", ""},
    {"5500000000000004", "completed/completed", "completed/completed", "completed/completed", ""},
    {"374500000000015", "completed/completed", "completed/completed", "completed/completed", ""},
    {"6799990000000000011", "completed/completed", "completed/completed", "completed/completed",
     ""},
    {"5555555555554444", "initialized/initialized", "completed/completed", "completed/completed",
     ""},
    {"5747906991001442", "initialized/initialized", "completed/completed", "completed/completed",
     ""},
    {"4917300000000008", "uncleared/uncleared", "uncleared/uncleared", "void/void", ""},
    {"378734493671000", "uncleared/uncleared", "uncleared/uncleared", "void/void", ""},
    {"4462000000000003", "uncleared/uncleared", "uncleared/uncleared", "completed/completed", ""},
    {"4012001037461114", "declined/declined", "declined/declined", "declined/declined", "3001"},
    {"374200000000004", "declined/declined", "declined/declined", "declined/declined", "3001"},
    {"4012001038488884", "declined/declined", "declined/declined", "declined/declined", "4002"},
};

class Card : public ::testing::TestWithParam<CardCase> {};

TEST_P(Card, WithoutChallengeEndsAsTheTableSays) {
  Bench bench;
  const ApiResponse answer = bench.Create(CardOrder("o", GetParam().number));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(bench.State("o"), GetParam().frictionless);
  const bool challenged = std::string(GetParam().frictionless) == "initialized/initialized";
  EXPECT_EQ(answer.body["data"].contains("customer_verification"), challenged);
  if (!challenged) {
    EXPECT_EQ(answer.body["data"]["reason_code"], GetParam().reason_code);
  }
}

TEST_P(Card, WithChallengeEndsAsTheTableSays) {
  Bench bench({.threeds = ThreeDs::kChallenge}, {CardOrder("o", GetParam().number)});
  ASSERT_EQ(bench.State("o"), "initialized/initialized");
  ASSERT_TRUE(bench.Decide("o", "Y"));
  EXPECT_EQ(bench.State("o"), GetParam().challenged);
  EXPECT_EQ(bench.Get("o")["reason_code"], GetParam().reason_code);
  bench.Advance(179 * kSecond);
  EXPECT_EQ(bench.State("o"), GetParam().challenged);
  bench.Advance(kSecond);
  EXPECT_EQ(bench.State("o"), GetParam().after_hold);
}

TEST_P(Card, KeepsNeitherNumberNorSecurityCode) {
  Bench bench({.threeds = ThreeDs::kChallenge});
  Json body = CardOrder("o", GetParam().number);
  body["gateway_info"]["card_cvc"] =
      body["gateway_info"]["card_cvc"].get<std::string>().size() == 4 ? "9876" : "987";
  bench.Create(body);
  bench.Decide("o", "Y");
  const std::string kept = bench.platform.Snapshot().dump();
  EXPECT_EQ(kept.find(GetParam().number), std::string::npos);
  EXPECT_EQ(kept.find("987\""), std::string::npos);
  EXPECT_EQ(kept.find("9876"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Table, Card, ::testing::ValuesIn(kCards),
                         [](const auto& row) { return std::string("Number") + row.param.number; });

TEST(Challenge, EveryChoiceHasItsOutcome) {
  constexpr struct {
    const char* result;
    const char* state;
    const char* reason_code;
    const char* status;  // of card_authentication_result
  } kChoices[] = {
      {"Y", "completed/completed", "", "Y"},   {"A", "completed/completed", "", "A"},
      {"N", "declined/declined", "3001", "N"}, {"R", "declined/declined", "3001", "R"},
      {"U", "declined/declined", "4004", "U"}, {"Cancel", "declined/declined", "4999", ""}};
  for (const auto& choice : kChoices) {
    SCOPED_TRACE(choice.result);
    Bench bench{CardOrder("o", "5555555555554444")};
    ASSERT_TRUE(bench.Decide("o", choice.result));
    EXPECT_EQ(bench.State("o"), choice.state);
    const Json order = bench.Get("o");
    EXPECT_EQ(order["reason_code"], choice.reason_code);
    const Json& details = order["payment_details"];
    if (*choice.status != '\0') {
      EXPECT_EQ(details["card_authentication_result"]["status"], choice.status);
    } else {
      EXPECT_FALSE(details.contains("card_authentication_result"));
    }
    EXPECT_FALSE(bench.Decide("o", "Y")) << "a decided challenge is over";
    EXPECT_EQ(bench.State("o"), choice.state);
  }
}

TEST(Challenge, UnknownChoiceChangesNothing) {
  Bench bench{CardOrder("o", "5555555555554444")};
  EXPECT_FALSE(bench.Decide("o", "C"));
  EXPECT_EQ(bench.State("o"), "initialized/initialized");
  EXPECT_TRUE(bench.At("o").authentication.awaiting_challenge);
}

TEST(Challenge, IsDueAsModeFlagsAndNamesSay) {
  const struct {
    const char* name;
    ThreeDs mode;
    const char* holder;
    Json info;
    bool browser;
    bool challenge;
  } kCases[] = {
      {"default", ThreeDs::kFrictionless, "x", Json::object(), false, false},
      {"mode", ThreeDs::kChallenge, "x", Json::object(), false, true},
      {"browser", ThreeDs::kRequireBrowser, "x", Json::object(), true, true},
      {"moto beats mode", ThreeDs::kChallenge, "x", {{"moto", true}}, false, false},
      {"flexible off beats mode", ThreeDs::kChallenge, "x", {{"flexible_3d", false}}, false, false},
      {"flexible on beats mode", ThreeDs::kFrictionless, "x", {{"flexible_3d", true}}, false, true},
      {"name on", ThreeDs::kFrictionless, "SBX:CHALLENGE", Json::object(), false, true},
      {"name off", ThreeDs::kChallenge, "SBX:FRICTIONLESS", Json::object(), false, false},
      {"other names have no effect", ThreeDs::kFrictionless, "SBX:NONSENSE", Json::object(), false,
       false},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    Bench bench({.threeds = c.mode});
    Json body = NamedOrder(c.holder);
    body["gateway_info"].update(c.info);
    if (c.browser) body["customer"]["browser"] = {{"language", "en-GB"}};
    bench.Create(body);
    EXPECT_EQ(bench.At("o").authentication.awaiting_challenge, c.challenge);
    EXPECT_EQ(bench.State("o"), c.challenge ? "initialized/initialized" : "completed/completed");
  }
}

TEST(Challenge, RequireBrowserDeclinesWithoutOne) {
  Bench bench({.threeds = ThreeDs::kRequireBrowser}, {CardOrder("o")});
  EXPECT_EQ(bench.State("o"), "declined/declined");
  EXPECT_EQ(bench.Get("o")["reason_code"], "4999");
}

TEST(MagicName, ForcesEveryDocumentedDecline) {
  for (const char* code :
       {"3001", "3002", "3003", "3004", "3005", "3006", "3007", "3008", "3009", "3010", "3011",
        "3012", "4001", "4002", "4003", "4004", "4005", "4999"}) {
    SCOPED_TRACE(code);
    Bench bench;
    const ApiResponse answer = bench.Create(NamedOrder(std::string("SBX:") + code));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body["success"], true);
    EXPECT_EQ(bench.State("o"), "declined/declined");
    EXPECT_EQ(answer.body["data"]["reason_code"], code);
    EXPECT_NE(answer.body["data"]["reason"], "");
    const bool by_3ds = code[0] == '3';
    EXPECT_EQ(answer.body["data"]["payment_details"]["card_authentication_result"]["status"],
              by_3ds ? "N" : "Y");
  }
}

TEST(MagicName, TimeoutStaysInitializedUntilExpiry) {
  Bench bench{NamedOrder("SBX:TIMEOUT")};
  EXPECT_FALSE(bench.Decide("o", "Y"));
  bench.Advance(kHour - 1);
  EXPECT_EQ(bench.State("o"), "initialized/initialized");
  bench.Advance(1);
  EXPECT_EQ(bench.State("o"), "expired/expired");
}

TEST(MagicName, ExemptionPaysWithoutAuthentication) {
  Bench bench{NamedOrder("SBX:EXEMPTION")};
  const Json details = bench.Get("o")["payment_details"];
  EXPECT_EQ(details["card_authentication_details"]["flow"], "exemption");
  EXPECT_FALSE(details.contains("card_authentication_result"));
}

}  // namespace
}  // namespace msp::sandbox::testing
