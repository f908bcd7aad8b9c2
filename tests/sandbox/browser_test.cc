// SPDX-License-Identifier: Apache-2.0

// API tokens and payment data, Apple Pay sessions, evidence, closing balances.
#include <gtest/gtest.h>

#include "service/base/text.h"
#include "tests/sandbox/core_fixture.h"

namespace msp::sandbox::testing {
namespace {

Json ComponentOrder(const std::string& id, const Json& payload) {
  Json body = CardOrder(id);
  body.erase("gateway");
  body.erase("gateway_info");
  body["payment_data"] = {{"payload", Base64(payload.dump())}};
  return body;
}

Json Payload(const std::string& token, const std::string& number = "4111111111111111") {
  return {{"gateway", "CREDITCARD"},
          {"api_token", token},
          {"fields",
           {{"card_number", number},
            {"card_holder_name", "A. Holder"},
            {"card_expiry_date", "3012"},
            {"card_cvc", "123"}}}};
}

std::string NewToken(Bench& bench) {
  return bench.platform.NewApiToken(bench.site()).body["data"]["api_token"];
}

TEST(Browser, AnApiTokenIsForOneOrder) {
  Bench bench;
  const std::string token = NewToken(bench);
  EXPECT_EQ(token.rfind("pub.v2.", 0), 0U);
  const ApiResponse first = bench.Create(ComponentOrder("first", Payload(token)));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body["data"]["payment_details"]["last4"], "1111");
  const ApiResponse second = bench.Create(ComponentOrder("second", Payload(token)));
  EXPECT_EQ(second.status, 410);
  EXPECT_EQ(ErrorOf(second), 1000);
  EXPECT_EQ(bench.State("second"), "none");
  EXPECT_EQ(ErrorOf(bench.Create(ComponentOrder("third", Payload("pub.v2.unknown")))), 1000);
}

TEST(Browser, ARefusedOrderLeavesItsTokenUsable) {
  Bench bench;
  const std::string token = NewToken(bench);
  EXPECT_EQ(ErrorOf(bench.Create(ComponentOrder("o", Payload(token, "4242424242424242")))), 1024);
  EXPECT_EQ(bench.Create(ComponentOrder("o", Payload(token))).status, 200);
}

TEST(Browser, AnApiTokenLivesTenMinutes) {
  Bench bench;
  const std::string early = NewToken(bench);
  const std::string late = NewToken(bench);
  bench.Advance(599 * kSecond);
  EXPECT_EQ(bench.Create(ComponentOrder("early", Payload(early))).status, 200);
  bench.Advance(kSecond);
  EXPECT_EQ(ErrorOf(bench.Create(ComponentOrder("late", Payload(late)))), 1000);
}

TEST(Browser, TokensSurviveASnapshotAndKnowTheirAccount) {
  Settings settings;
  settings.sites.push_back({.key = "other-key", .site_id = 2, .account_id = 2});
  Bench bench(settings);
  const std::string token = NewToken(bench);
  EXPECT_EQ(ErrorOf(bench.platform.CreateOrder(bench.platform.settings().sites[1],
                                               ComponentOrder("o", Payload(token)))),
            1000);
  Bench other(settings);
  ASSERT_TRUE(other.platform.Restore(bench.platform.Snapshot()));
  EXPECT_EQ(other.Create(ComponentOrder("o", Payload(token))).status, 200);
  EXPECT_EQ(ErrorOf(other.Create(ComponentOrder("p", Payload(token)))), 1000);
}

TEST(Browser, TokenizeDecidesWhetherACardIsStored) {
  for (const bool wanted : {true, false}) {
    Bench bench;
    const Json body =
        With(ComponentOrder("o", Payload(NewToken(bench))), "/recurring_model", "cardOnFile");
    const Json details =
        bench.Create(With(body, "/payment_data/tokenize", wanted)).body["data"]["payment_details"];
    EXPECT_EQ(details["recurring_id"].is_string(), wanted);
    EXPECT_EQ(bench.Tokens().status, wanted ? 200 : 410);
  }
}

TEST(Browser, APayloadThatNobodyCanReadIsAnApprovedVisa) {
  Bench bench;
  Json body = ComponentOrder("o", Json::object());
  body["payment_data"] = {{"payload", "not base64"}, {"gateway", "VISA"}};
  EXPECT_EQ(bench.Create(body).body["data"]["status"], "completed");
}

TEST(Browser, ApplePaySessionsAreOpaqueText) {
  Bench bench;
  const Json asked{{"origin_domain", "shop.example"},
                   {"validation_url", "https://apple-pay-gateway.apple.com/paymentservices/start"}};
  const ApiResponse answer = bench.platform.NewApplePaySession(asked);
  ASSERT_EQ(answer.status, 200);
  const Json session = Json::parse(std::string(answer.body["data"]["session"]));
  EXPECT_EQ(session["domainName"], "shop.example");
  EXPECT_NE(bench.platform.NewApplePaySession(asked).body, answer.body);
  for (const char* gone : {"/origin_domain", "/validation_url"}) {
    const Json less = With(asked, gone, kGone);
    EXPECT_EQ(ErrorOf(bench.platform.NewApplePaySession(less)), 1016) << gone;
  }
  const Json plain = With(asked, "/validation_url", "http://apple-pay-gateway.apple.com/");
  EXPECT_EQ(ErrorOf(bench.platform.NewApplePaySession(plain)), 1016);
}

TEST(Browser, EvidenceIsCheckedAndKept) {
  Bench bench{CardOrder("o")};
  const Json file{{"type", "PDF"},
                  {"base64", Base64("%PDF-1.4")},
                  {"description", "Letters"},
                  {"name", "letters.pdf"}};
  const auto add = [&](const char* id, const Json& body) {
    return bench.platform.AddFile(bench.site(), id, body);
  };
  EXPECT_EQ(add("o", file).body["data"], Json::object());
  ASSERT_EQ(bench.At("o").files.size(), 1U);
  EXPECT_EQ(bench.At("o").files[0].bytes, 8);
  const std::pair<const char*, Json> kWrong[] = {{"/type", "EXE"},
                                                 {"/base64", "?"},
                                                 {"/base64", ""},
                                                 {"/name", nullptr},
                                                 {"/description", ""}};
  for (const auto& [name, value] : kWrong)
    EXPECT_EQ(ErrorOf(add("o", With(file, name, value))), 1016) << name << value;
  EXPECT_EQ(ErrorOf(add("none", file)), 1006);
  for (int i = 1; i < 20; ++i) add("o", file);
  EXPECT_EQ(ErrorOf(add("o", file)), 1016) << "twenty at most";
}

TEST(Browser, ClosingBalancesAreTheBooks) {
  Bench bench;
  const auto balances = [&](const char* from = "", const char* until = "", const char* in = "") {
    return bench.platform.ListClosingBalances(bench.site(), from, until, in).body;
  };
  bench.Create(CardOrder("o", "4111111111111111", 10'000));
  EXPECT_EQ(balances()["data"], Json::array()) << "the day has not closed";
  bench.Advance(kDay);
  bench.Refund("o", 4000);
  bench.Advance(2 * kDay);
  const Json all = balances();
  ASSERT_EQ(all["data"].size(), 3U);
  EXPECT_EQ(all["page"]["total"], 3);
  // Fees of 2.9 %.
  const std::int64_t brought = 10'000 - 290;
  EXPECT_EQ(all["data"][0]["closing_date"], "2026-06-15");
  EXPECT_EQ(all["data"][0]["amount"], brought);
  EXPECT_EQ(all["data"][1]["amount"], brought) << "the refund is under way";
  EXPECT_EQ(all["data"][2]["amount"], brought - 4000);
  EXPECT_EQ(balances("2026-06-16", "2026-06-17")["data"].size(), 1U);
  EXPECT_EQ(balances("", "", "USD")["data"], Json::array());
}

}  // namespace
}  // namespace msp::sandbox::testing
