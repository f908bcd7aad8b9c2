// SPDX-License-Identifier: Apache-2.0

// POST /orders: the checks in their documented order, the ids, the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

struct Refused {
  const char* name;
  const char* pointer;  // of the member that is changed
  Json value;           // discarded: erased
  int code;
};

TEST(Create, RefusesWhatTheTableSays) {
  const Refused kCases[] = {
      {"no order id", "/order_id", kGone, 1016},
      {"empty order id", "/order_id", "", 1016},
      {"order id of a wrong type", "/order_id", Json::array(), 1016},
      {"long order id", "/order_id", std::string(51, 'x'), 1006},
      {"no currency", "/currency", kGone, 1002},
      {"unknown currency", "/currency", "XTS", 1002},
      {"no amount", "/amount", kGone, 1001},
      {"zero without a card", "/amount", -1, 1001},
      {"decimal amount", "/amount", 10.5, 1001},
      {"amount as words", "/amount", "ten", 1001},
      {"amount over the cap", "/amount", 500'001, 1001},
      {"amount beyond 64 bits", "/amount", 18'446'744'073'709'551'615ULL, 1001},
      {"no description", "/description", kGone, 1008},
      {"long description", "/description", std::string(201, 'x'), 1008},
      {"long var", "/var2", std::string(501, 'x'), 1010},
      {"country in full", "/customer/country", "Netherlands", 1018},
      {"country in lower case", "/customer/country", "nl", 1018},
      {"ip address", "/customer/ip_address", "123.456.1.1", 1007},
      {"unknown gateway", "/gateway", "CREDITCARD/AMEX", 1023},
      {"no gateway", "/gateway", kGone, 1023},
      {"not a test card", "/gateway_info/card_number", "4242424242424242", 1024},
      {"wrong check digit", "/gateway_info/card_number", "4111111111111112", 1024},
      {"card number with spaces", "/gateway_info/card_number", "4111 1111 1111 1111", 1024},
      {"another scheme", "/gateway", "MASTERCARD", 1024},
      {"page-only card", "/gateway_info/card_number", "67034500054620008", 1024},
      {"month 13", "/gateway_info/card_expiry_date", "3013", 1016},
      {"expiry with a slash", "/gateway_info/card_expiry_date", "12/30", 1016},
      {"no security code", "/gateway_info/card_cvc", kGone, 1016},
      {"short security code", "/gateway_info/card_cvc", "12", 1016},
      {"security code in letters", "/gateway_info/card_cvc", "abc", 1016},
  };
  for (const Refused& c : kCases) {
    SCOPED_TRACE(c.name);
    Bench bench;
    const ApiResponse answer = bench.Create(With(CardOrder("o"), c.pointer, c.value));
    EXPECT_EQ(ErrorOf(answer), c.code);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body["success"], false);
    EXPECT_EQ(answer.body["data"], Json::object());
    EXPECT_TRUE(bench.platform.orders().empty()) << "a refused order leaves nothing";
  }
}

TEST(Create, AcceptsWhatRealClientsSend) {
  const auto with = [](const char* pointer, const Json& value) {
    return With(CardOrder("o"), pointer, value);
  };
  const std::pair<const char*, Json> kCases[] = {
      {"amount as text", with("/amount", "1000")},
      {"order id as a number", with("/order_id", 962)},
      {"empty country", with("/customer/country", "")},
      {"empty ip address", with("/customer/ip_address", "")},
      {"IPv6", with("/customer/ip_address", "2001:db8::1")},
      {"expiry as a number", with("/gateway_info/card_expiry_date", 2512)},
      {"expiry that lost its zero", with("/gateway_info/card_expiry_date", 912)},
      {"past expiry", with("/gateway_info/card_expiry_date", "1912")},
      {"gateway in mixed case", with("/gateway", "Visa")},
      {"unknown members", with("/plugin", Json{{"shop", "x"}})},
      {"empty customer as PHP sends it", with("/customer", Json::array())},
      {"50 code points of order id",
       with("/order_id", "ééééééééééééééééééééééééééééééééééééééééééééééééé0")},
      {"the other spelling of the security code",
       With(with("/gateway_info/cvc", "123"), "/gateway_info/card_cvc", kGone)},
      {"Maestro without a security code",
       With(CardOrder("o", "6799990000000000011"), "/gateway_info/card_cvc", kGone)},
      {"moto without a security code",
       With(with("/gateway_info/moto", true), "/gateway_info/card_cvc", kGone)},
  };
  for (const auto& [name, order] : kCases) {
    SCOPED_TRACE(name);
    Bench bench;
    const ApiResponse answer = bench.Create(order);
    EXPECT_EQ(answer.status, 200) << answer.body.dump();
  }
}

TEST(Create, StrictTypesRefuseAmountsAsTextOrDecimal) {
  Bench bench({.strict_types = true});
  for (const Json& amount : {Json("1000"), Json(1000.0)})
    EXPECT_EQ(ErrorOf(bench.Create(With(CardOrder("o"), "/amount", amount))), 1001) << amount;
}

TEST(Create, CheckExpiryDeclinesThePast) {
  Bench bench({.check_expiry = true});
  const char* const expiry = "/gateway_info/card_expiry_date";
  bench.Create(With(CardOrder("o"), expiry, "2605"));  // the bench stands in June 2026
  EXPECT_EQ(bench.Get("o")["reason_code"], "4005");
  bench.Create(With(CardOrder("p"), expiry, "2606"));
  EXPECT_EQ(bench.State("p"), "completed/completed");
}

TEST(Create, BlockedSiteAndAccountHaveTheirCodes) {
  Bench site({.site_blocked = true});
  const ApiResponse answer = site.Create(CardOrder("o"));
  EXPECT_EQ(ErrorOf(answer), 1019);
  EXPECT_EQ(answer.body["data"], Json::array());
  Bench account({.account_blocked = true});
  EXPECT_EQ(ErrorOf(account.Create(CardOrder("o"))), 1020);
}

TEST(Create, ValidationModeGivesThe422Shape) {
  Bench bench({.validation_422 = true});
  const ApiResponse answer = bench.Create(With(CardOrder("o"), "/currency", "XTS"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body["errors"][0]["attribute"], "currency");
  EXPECT_EQ(answer.body["errors"][0]["uri"], "#/currency");
}

TEST(Create, OrderIdRuleDecidesWhatAUsedIdMeans) {
  constexpr struct {
    OrderIdRule rule;
    const char* first;  // what happens to the first order
    int second;         // error of the second create, 0 for success
  } kCases[] = {
      {OrderIdRule::kLive, "open", 1006},       {OrderIdRule::kLive, "paid", 1006},
      {OrderIdRule::kLive, "declined", 0},      {OrderIdRule::kLive, "expired", 0},
      {OrderIdRule::kLive, "cancelled", 0},     {OrderIdRule::kLive, "authorized", 1006},
      {OrderIdRule::kLive, "void", 0},          {OrderIdRule::kLive, "charged back", 0},
      {OrderIdRule::kNotDead, "open", 1006},    {OrderIdRule::kNotDead, "paid", 1006},
      {OrderIdRule::kNotDead, "declined", 0},   {OrderIdRule::kNotDead, "charged back", 1006},
      {OrderIdRule::kAny, "open", 1006},        {OrderIdRule::kAny, "paid", 1006},
      {OrderIdRule::kAny, "declined", 1006},    {OrderIdRule::kAny, "expired", 1006},
      {OrderIdRule::kCompleted, "open", 0},     {OrderIdRule::kCompleted, "paid", 1006},
      {OrderIdRule::kCompleted, "declined", 0}, {OrderIdRule::kCompleted, "authorized", 1006},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::string(c.first) + " under rule " + std::to_string(static_cast<int>(c.rule)));
    Bench bench({.order_id_rule = c.rule});
    const std::string first = c.first;
    const bool manual = first == "authorized" || first == "void";
    bench.Create(manual ? Authorization("o", "5555555555554444")
                        : CardOrder("o", "5555555555554444"));
    if (first == "paid" || first == "authorized" || first == "void" || first == "charged back")
      bench.Decide("o", "Y");
    if (first == "charged back") bench.platform.ChargeBack(bench.At("o"));
    if (first == "declined") bench.Decide("o", "N");
    if (first == "expired") bench.Advance(kHour);
    if (first == "cancelled") bench.Patch("o", {{"status", "cancelled"}});
    if (first == "void") bench.Void("o");
    const ApiResponse answer = bench.Create(CardOrder("o"));
    EXPECT_EQ(ErrorOf(answer), c.second);
    if (c.second == 0) {
      EXPECT_EQ(bench.State("o"), "completed/completed") << "the newest attempt decides";
    }
  }
}

TEST(Create, IdsAreIntegersThatADoubleCannotHold) {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    const ApiResponse answer = bench.Create(CardOrder("o" + std::to_string(i)));
    const auto id = answer.body["data"]["transaction_id"].get<std::int64_t>();
    EXPECT_EQ(std::to_string(id).size(), 17u);
    EXPECT_NE(static_cast<std::int64_t>(static_cast<double>(id)), id);
  }
  const Json sixteen =
      With(CardOrder("p"), "/customer/email", "enable-pspid-encoding@multisafepay.com");
  const auto id = bench.Create(sixteen).body["data"]["transaction_id"].get<std::int64_t>();
  EXPECT_EQ(std::to_string(id).size(), 16u);
  Bench nine({.short_ids = true});
  EXPECT_EQ(
      std::to_string(nine.Create(CardOrder("o")).body["data"]["transaction_id"].get<std::int64_t>())
          .size(),
      9u);
}

TEST(Create, TheSameSeedGivesTheSameAnswers) {
  Bench one({.seed = 7}), two({.seed = 7}), other({.seed = 8});
  const Json body = CardOrder("o", "5555555555554444");
  const std::string answer = one.Create(body).body.dump();
  EXPECT_EQ(answer, two.Create(body).body.dump());
  EXPECT_NE(answer, other.Create(body).body.dump());
}

TEST(Create, RedirectAnswersThreeMembers) {
  Bench bench;
  const Json data = bench.Create(RedirectOrder("o")).body["data"];
  ASSERT_EQ(data.size(), 3u);
  EXPECT_EQ(data["order_id"], "o");
  const std::string session = data["session_id"];
  EXPECT_EQ(data["payment_url"], "http://pages.test/connect/" + session + "/?lang=nl_NL");
  const Json order = bench.Get("o");
  EXPECT_EQ(order["status"], "initialized");
  EXPECT_FALSE(order.contains("transaction_id"));
  EXPECT_TRUE(order["payment_methods"].is_null());
}

TEST(Create, DirectAnswerCarriesTheUrlsWithTheOrderId) {
  Bench bench;
  Json body = CardOrder("a/b c");
  const Json data = bench.Create(body).body["data"];
  EXPECT_EQ(data["payment_url"], "https://shop.example/ok?a=1&transactionid=a%2Fb%20c");
  EXPECT_EQ(data["cancel_url"], "https://shop.example/sorry?transactionid=a%2Fb%20c");
  const Json later = bench.Get("a/b c");
  for (const char* name : {"payment_url", "session_id", "customer_verification", "cancel_url"}) {
    EXPECT_FALSE(later.contains(name)) << name;
  }
}

TEST(Create, EchoesVarsAndCustomInfo) {
  Bench bench{
      With(With(CardOrder("o"), "/var1", "v1"), "/custom_info", {{"custom_3", "idem:abc"}})};
  const Json order = bench.Get("o");
  EXPECT_EQ(order["var1"], "v1");
  EXPECT_TRUE(order["var2"].is_null());
  EXPECT_EQ(order["custom_info"]["custom_3"], "idem:abc");
  EXPECT_TRUE(order["custom_info"]["custom_1"].is_null());
}

TEST(Create, CountsWhatAClientShouldNotSend) {
  Bench bench;
  bench.Create(With(With(CardOrder("o"), "/order_id", 12), "/memo", "x"));
  EXPECT_EQ(bench.platform.stats().at("order_ids_not_strings"), 1u);
  EXPECT_EQ(bench.platform.stats().at("unknown_body_members"), 1u);
}

}  // namespace
}  // namespace msp::sandbox::testing
