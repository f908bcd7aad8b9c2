// SPDX-License-Identifier: Apache-2.0

// The payment component's side of the sandbox: its files, payloads made with an API token, and
// orders that are paid by one.
#include <gmock/gmock.h>

#include "service/base/text.h"
#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPayloadPath[] = "/sdk/components/v2/payload";
constexpr char kNumber[] = "5500000000000004";

std::string Token(Running& sandbox, const char* key = kKey) {
  return sandbox.Call("GET", "/v1/json/auth/api_token", std::string(), {{"api_key", key}})
      .data()["api_token"];
}

ClientResponse MakePayload(Running& sandbox, const std::string& token, const std::string& form) {
  return sandbox.PostForm(kPayloadPath, form, {{"Authorization", "Bearer " + token}});
}

std::string CardFields(const std::string& number = kNumber, const std::string& cvc = "123",
                       const std::string& gateway = "CREDITCARD") {
  return "gateway=" + gateway + "&card_number=" + number +
         "&card_holder_name=A.+Customer&card_expiry_date=09/30&card_cvc=" + cvc;
}

// With a token of its own.
std::string NewPayload(Running& sandbox, const std::string& form = CardFields()) {
  return MakePayload(sandbox, Token(sandbox), form).data()["payload"];
}

Json ComponentOrder(const std::string& id, const std::string& payload) {
  return With(With(CardOrder(id), "/gateway_info", kGone), "/payment_data",
              {{"payload", payload}, {"gateway", "CREDITCARD"}});
}

TEST(Component, ServesItsFilesAtTheStablePath) {
  Running sandbox;
  for (const auto& [name, type] : {std::pair{"components.js", "text/javascript; charset=utf-8"},
                                   std::pair{"components.css", "text/css; charset=utf-8"},
                                   std::pair{"card.html", "text/html; charset=utf-8"},
                                   std::pair{"card.js", "text/javascript; charset=utf-8"},
                                   std::pair{"card.css", "text/css; charset=utf-8"}}) {
    const ClientResponse file = sandbox.Open(std::string("/sdk/components/v2/") + name);
    EXPECT_EQ(file.status, 200) << name;
    EXPECT_EQ(file.Header("Content-Type"), type);
    EXPECT_GT(file.text.size(), 300u) << name;
  }
  const ClientResponse form = sandbox.Open("/sdk/components/v2/card.html");
  EXPECT_THAT(form.Header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  for (const char* path : {"/sdk/components/v2/", "/sdk/components/v2/dashboard.js",
                           "/sdk/components/v1/components.js", "/sdk/components/v2/../x"}) {
    EXPECT_EQ(sandbox.Open(path).status, 404) << path;
  }
}

TEST(Component, AnOrderIsPaidByThePayloadOfACard) {
  LogLines log;
  Running sandbox({.log = log.Taker()});
  const ClientResponse minted = MakePayload(sandbox, Token(sandbox), CardFields());
  ASSERT_EQ(minted.status, 200) << minted.text;
  const std::string payload = minted.data()["payload"];
  std::string plain;
  EXPECT_TRUE(Base64Decode(payload, &plain)) << "published payloads are base64";
  EXPECT_THAT(plain, Not(HasSubstr(kNumber)));
  const ClientResponse created = sandbox.Create(ComponentOrder("o", payload));
  ASSERT_EQ(created.status, 200) << created.text;
  EXPECT_EQ(created.data()["financial_status"], "completed");
  const Json& details = created.data()["payment_details"];
  EXPECT_EQ(details["type"], "MASTERCARD") << "the typed card, not any card";
  EXPECT_EQ(details["last4"], "0004");
  EXPECT_EQ(details["account_holder_name"], "A. Customer");
  EXPECT_EQ(details["card_expiry_date"], "3009");
  EXPECT_THAT(log.Text(), Not(HasSubstr(kNumber)));
}

TEST(Component, ACardThatIsDeclinedIsDeclinedByItsPayload) {
  Running sandbox;
  const std::string payload = NewPayload(sandbox, CardFields("4012001038488884"));
  const ClientResponse created = sandbox.Create(ComponentOrder("o", payload));
  EXPECT_EQ(created.data()["status"], "declined");
  EXPECT_EQ(created.data()["reason_code"], "4002");
}

TEST(Component, NamesTheFieldThatIsWrong) {
  Running sandbox;
  const std::string token = Token(sandbox);
  const std::pair<std::string, const char*> kCases[] = {
      {CardFields("4111111111111112"), "card_number"},
      {CardFields("4242424242424242"), "card_number"},
      {CardFields("67034500054620008"), "card_number"},
      {CardFields(kNumber, "123", "VISA"), "card_number"},
      {CardFields(kNumber, "1234"), "card_cvc"},
      {CardFields(kNumber, ""), "card_cvc"},
      {CardFields("374500000000015"), "card_cvc"},
      {"gateway=NOSUCH", ""},
      {"gateway=CREDITCARD&card_number=4111111111111111&card_holder_name=A&card_cvc=123",
       "card_expiry_date"}};
  for (const auto& [form, field] : kCases) {
    SCOPED_TRACE(form);
    const ClientResponse refused = MakePayload(sandbox, token, form);
    EXPECT_EQ(refused.status, 422);
    ASSERT_TRUE(refused.body["errors"].is_array());
    EXPECT_EQ(refused.body["errors"][0]["field"], field);
    EXPECT_THAT(refused.text, Not(HasSubstr("4242"))) << "never said back";
  }
  EXPECT_EQ(MakePayload(sandbox, token, CardFields("374500000000015", "1234")).status, 200);
  EXPECT_EQ(MakePayload(sandbox, token, CardFields("6799990000000000011", "")).status, 200)
      << "Maestro has no security code";
}

TEST(Component, TakesOnlyAnApiTokenThatIsGood) {
  Running sandbox;
  const std::string token = Token(sandbox);
  const std::string other = Token(sandbox);
  EXPECT_EQ(MakePayload(sandbox, "pub.v2.unknown", CardFields()).status, 401);
  EXPECT_EQ(MakePayload(sandbox, kKey, CardFields()).status, 401) << "the API key is no token";
  EXPECT_EQ(sandbox.Call("POST", kPayloadPath, CardFields(), {}).status, 401);
  EXPECT_EQ(MakePayload(sandbox, token, CardFields()).status, 200);
  sandbox.Advance(599);
  const std::string payload = MakePayload(sandbox, token, CardFields()).data()["payload"];
  EXPECT_EQ(sandbox.Create(ComponentOrder("in-time", payload)).status, 200);
  const std::string late = MakePayload(sandbox, other, CardFields()).data()["payload"];
  sandbox.Advance(1);
  EXPECT_EQ(MakePayload(sandbox, other, CardFields()).status, 401);
  EXPECT_EQ(sandbox.Create(ComponentOrder("late", late)).body["error_code"], 1024);
}

TEST(Component, ATokenIsForOneOrder) {
  Running sandbox;
  const std::string token = Token(sandbox);
  const std::string payload = MakePayload(sandbox, token, CardFields()).data()["payload"];
  const Json wrong = With(ComponentOrder("wrong", payload), "/currency", "ABC");
  EXPECT_EQ(sandbox.Create(wrong).body["error_code"], 1002);
  EXPECT_EQ(sandbox.Create(ComponentOrder("o", payload)).status, 200) << "a refused one is none";
  EXPECT_EQ(sandbox.Create(ComponentOrder("o", payload)).body["error_code"], 1006)
      << "the same call again is known for what it is";
  EXPECT_EQ(sandbox.Create(ComponentOrder("o2", payload)).body["error_code"], 1024);
  EXPECT_EQ(MakePayload(sandbox, token, CardFields()).status, 401);
}

TEST(Component, APayloadIsTheSitesThatAskedForItsToken) {
  Options options;
  options.settings.sites.push_back(
      Site{.key = "another-test-key-0002", .site_id = 10002, .account_id = 1001002});
  Running sandbox(options);
  const std::string payload =
      MakePayload(sandbox, Token(sandbox, "another-test-key-0002"), CardFields()).data()["payload"];
  EXPECT_EQ(sandbox.Create(ComponentOrder("o", payload)).body["error_code"], 1024);
  const httplib::Headers other{{"api_key", "another-test-key-0002"}};
  const Json order = ComponentOrder("o", payload);
  EXPECT_EQ(sandbox.Call("POST", "/v1/json/orders", order, other).status, 200);
  ASSERT_EQ(sandbox.Control("reset", Json::object()).status, 200);
  EXPECT_EQ(sandbox.Create(ComponentOrder("o3", payload)).body["error_code"], 1024);
}

TEST(Component, TokenizeStoresTheCardForLater) {
  Running sandbox;
  Json order = ComponentOrder("first", NewPayload(sandbox));
  order["payment_data"]["tokenize"] = true;
  const ClientResponse first = sandbox.Create(order);
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string recurring_id = first.data()["payment_details"]["recurring_id"];
  ASSERT_FALSE(recurring_id.empty());
  const Json later =
      With(With(CardOrder("later"), "/gateway_info", kGone), "/recurring_id", recurring_id);
  EXPECT_EQ(sandbox.Create(later).data()["financial_status"], "completed");
  // Chosen in the component, the same.
  const std::string saved = NewPayload(sandbox, "gateway=CREDITCARD&recurring_id=" + recurring_id);
  const ClientResponse chosen = sandbox.Create(ComponentOrder("chosen", saved));
  EXPECT_EQ(chosen.data()["payment_details"]["last4"], "0004") << chosen.text;
  Json unwanted = ComponentOrder("unwanted", NewPayload(sandbox));
  unwanted["recurring_model"] = "cardOnFile";
  unwanted["payment_data"]["tokenize"] = false;
  EXPECT_FALSE(sandbox.Create(unwanted).data()["payment_details"]["recurring_id"].is_string());
  const ClientResponse without = sandbox.Create(ComponentOrder("without", NewPayload(sandbox)));
  EXPECT_FALSE(without.data()["payment_details"]["recurring_id"].is_string())
      << "not without the customer's wish";
}

TEST(Component, AnotherMethodNeedsNoFields) {
  Running sandbox;
  const Json data{{"payload", NewPayload(sandbox, "gateway=IDEAL")}, {"gateway", "IDEAL"}};
  const ClientResponse created = sandbox.Create(With(RedirectOrder("o"), "/payment_data", data));
  ASSERT_EQ(created.status, 200) << created.text;
  EXPECT_TRUE(created.data()["payment_url"].is_string());
}

TEST(Component, PublishedPayloadsStayAnApprovedCard) {
  Running sandbox;
  const ClientResponse created =
      sandbox.Create(ComponentOrder("o", "ewogICJwYXlsb2FkIjogIi4uLiIKfQ=="));
  EXPECT_EQ(created.data()["payment_details"]["last4"], "1111");
}

}  // namespace
}  // namespace msp::sandbox::testing
