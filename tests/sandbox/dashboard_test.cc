// SPDX-License-Identifier: Apache-2.0

// The page for people: what it shows, what it hides, and whom it lets act.
#include <gmock/gmock.h>

#include <set>

#include "sandbox/front/recorder.h"
#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return {};
  const std::size_t start = at + before.size();
  return text.substr(start, text.find(after, start) - start);
}

std::string Csrf(Running& sandbox) {
  return Between(sandbox.Open("/").text, "name=\"csrf\" value=\"", "\"");
}

// The page of the newest order.
std::string PageOf(Running& sandbox, const std::string& order_id) {
  const std::string list = sandbox.Open("/?q=" + order_id).text;
  return "/dashboard/orders/" + Between(list, "<a href=\"/dashboard/orders/", "\"");
}

ClientResponse Submit(Running& sandbox, const std::string& page, const std::string& form,
                      httplib::Headers headers = {}) {
  return sandbox.PostForm(page, "csrf=" + Csrf(sandbox) + "&" + form, std::move(headers));
}

TEST(DashboardPage, ShowsOrdersWithTheirRequestsAndAnswers) {
  Running sandbox{CardOrder("tulip-1")};
  const ClientResponse list = sandbox.Open("/");
  EXPECT_EQ(list.status, 200);
  EXPECT_THAT(list.text, HasSubstr("tulip-1"));
  EXPECT_THAT(list.text, HasSubstr("EUR 10.00"));
  EXPECT_THAT(list.text, HasSubstr("VISA ending in 1111"));
  EXPECT_THAT(list.Header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  const std::string address = PageOf(sandbox, "tulip-1");
  sandbox.Post("orders/tulip-1/refunds",
               {{"amount", 300}, {"currency", "EUR"}, {"description", "broken"}});
  const ClientResponse page = sandbox.Open(address);
  EXPECT_THAT(page.text, HasSubstr("POST /v1/json/orders <strong>200"));
  EXPECT_THAT(page.text, HasSubstr("/v1/json/orders/tulip-1/refunds"));
  EXPECT_THAT(page.text, HasSubstr("&quot;description&quot;: &quot;broken&quot;"));
  EXPECT_THAT(page.text, HasSubstr("Refund reserved"));
}

TEST(DashboardPage, ShowsNeitherCardsNorKeys) {
  Running sandbox;
  Json order = CardOrder("o", "5500000000000004");
  order["description"] = "paid with 5500 0000 0000 0004";
  order["var1"] = std::string("key ") + kKey;
  order["var2"] = 5500000000000004;
  order["5500000000000004"] = 1;
  order["gateway_info"]["card_cvc"] = "987";
  sandbox.Create(order);
  // Refused, not JSON, and to a path with a card in it.
  sandbox.Call("POST", "/v1/json/orders/5500000000000004/refunds", std::string("5500000000000004"));
  const std::string token =
      sandbox.Open("/v1/json/auth/api_token?api_key=" + std::string(kKey)).data()["api_token"];
  const std::string payload =
      sandbox
          .PostForm("/sdk/components/v2/payload",
                    "gateway=CREDITCARD&card_number=5500000000000004&card_holder_name=A"
                    "&card_expiry_date=09/30&card_cvc=987",
                    {{"Authorization", "Bearer " + token}})
          .data()["payload"];
  const Json cardless = With(CardOrder("by-component"), "/gateway_info", kGone);
  ASSERT_EQ(sandbox.Create(With(cardless, "/payment_data/payload", payload)).status, 200);
  sandbox.Control("orders/o/pay", {{"card_number", "5500000000000004"}, {"card_cvc", "987"}});
  std::string all = sandbox.Open("/").text;
  for (const char* id : {"o", "by-component"}) all += sandbox.Open(PageOf(sandbox, id)).text;
  ASSERT_THAT(all, HasSubstr("************0004")) << "the request is there";
  ASSERT_THAT(all, HasSubstr("POST /sdk/components/v2/payload <strong>200"));
  for (const std::string& secret : std::vector<std::string>{
           "5500000000000004", "5500 0000 0000 0004", "987", kKey, token, payload})
    EXPECT_THAT(all, Not(HasSubstr(secret)));
}

TEST(DashboardPage, ShowsHowANotificationWent) {
  Running sandbox;
  sandbox.Control("webhooks", {{"bad_signature", true}});
  sandbox.Create(CardOrder("o"));
  std::string page;
  ASSERT_TRUE(WaitUntil([&] {
    page = sandbox.Open(PageOf(sandbox, "o")).text;
    return page.find("The next attempt is due at") != std::string::npos;
  }));
  EXPECT_THAT(page, HasSubstr("not delivered")) << "nothing listens on port 9";
  EXPECT_THAT(page, HasSubstr("wrong, on request"));
  EXPECT_THAT(page, HasSubstr("<td>first</td>"));
}

TEST(DashboardPage, FormsDoWhatControlDoes) {
  struct Case {
    const char* setup;  // what CreateOrder gets
    const char* form;
    const char* state;
  };
  for (const Case& c : {Case{"redirect", "action=pay&scenario=completed", "completed/completed"},
                        Case{"redirect", "action=pay&scenario=declined", "declined/declined"},
                        Case{"challenge", "action=3ds&result=Y", "completed/completed"},
                        Case{"held", "action=review&accepted=true", "completed/completed"},
                        Case{"held", "action=review&accepted=false", "void/void"},
                        Case{"manual", "action=capture&amount=1000", "completed/completed"},
                        Case{"manual", "action=void", "void/void"},
                        Case{"card", "action=chargeback", "chargeback/completed"},
                        Case{"card", "action=refunds&amount=300", "completed/completed"}}) {
    SCOPED_TRACE(c.form);
    Running sandbox;
    const std::string setup = c.setup;
    const Json order = setup == "redirect"    ? RedirectOrder("o")
                       : setup == "challenge" ? CardOrder("o", "5555555555554444")
                       : setup == "held"      ? CardOrder("o", "4917300000000008")
                       : setup == "manual"    ? Authorization("o")
                                              : CardOrder("o");
    ASSERT_EQ(sandbox.Create(order).status, 200);
    const std::string page = PageOf(sandbox, "o");
    const ClientResponse done = Submit(sandbox, page, c.form);
    EXPECT_EQ(done.status, 303) << done.text;
    EXPECT_THAT(done.Header("Location"), HasSubstr(page + "?done="));
    EXPECT_THAT(sandbox.Open(done.Header("Location")).text, HasSubstr("class=\"done\""));
    const Json data = sandbox.Get("o").data();
    EXPECT_EQ(data["status"].get<std::string>() + "/" + data["financial_status"].get<std::string>(),
              c.state);
    // The same once more is a conflict, said on the page.
    if (setup == "redirect" || setup == "challenge" || setup == "held") {
      const ClientResponse again = Submit(sandbox, page, c.form);
      EXPECT_EQ(again.status, 409);
      EXPECT_THAT(again.text, HasSubstr("role=\"alert\""));
    }
  }
}

TEST(DashboardPage, EndsARefund) {
  for (const char* status : {"completed", "declined"}) {
    Running sandbox{CardOrder("o")};
    sandbox.Post("orders/o/refunds",
                 {{"amount", 300}, {"currency", "EUR"}, {"refund_order_id", "back"}});
    const std::string page = PageOf(sandbox, "back");
    EXPECT_THAT(sandbox.Open(page).text, HasSubstr("Complete the refund"));
    EXPECT_EQ(Submit(sandbox, page, std::string("action=refund-end&status=") + status).status, 303);
    const Json related = sandbox.Get("o").data()["related_transactions"];
    EXPECT_EQ(related[0]["status"], status);
    EXPECT_EQ(Submit(sandbox, page, "action=refund-end&status=completed").status, 409);
  }
}

TEST(DashboardPage, MovesTheClockAndTurnsFaultsOnAndOff) {
  Running sandbox;
  const std::int64_t before = sandbox.Inspect("clock")["now"];
  EXPECT_EQ(Submit(sandbox, "/dashboard/clock", "action=clock&advance_seconds=900").status, 303);
  EXPECT_EQ(sandbox.Inspect("clock")["now"], before + 900);
  const auto faults_form = [&](const std::string& form) {
    return Submit(sandbox, "/dashboard/faults", "action=" + form).status;
  };
  EXPECT_EQ(faults_form("fault-on&fault=unavailable&times=1"), 303);
  EXPECT_EQ(sandbox.Fetch("me").status, 503);
  EXPECT_EQ(sandbox.Fetch("me").status, 200) << "once";
  EXPECT_THAT(sandbox.Open("/").text, HasSubstr("Fault: answered without running the call"));
  for (const char* preset :
       {"lost", "timeout", "unavailable", "limited", "slow", "reset", "garbage"}) {
    EXPECT_EQ(faults_form(std::string("fault-on&times=0&fault=") + preset), 303) << preset;
  }
  Json faults = sandbox.Inspect("faults");
  ASSERT_EQ(faults.size(), 8u);
  for (const Json& fault : faults) faults_form("fault-off&id=" + fault["id"].dump());
  EXPECT_TRUE(sandbox.Inspect("faults").empty());
  EXPECT_EQ(sandbox.Fetch("me").status, 200);
  EXPECT_EQ(faults_form("fault-on&fault=none"), 409);
}

TEST(DashboardPage, IsNotHitByFaults) {
  Running sandbox;
  sandbox.AddFault({{"path", "*"}}, {{"name", "reset"}, {"when", "before_reading"}});
  EXPECT_EQ(sandbox.Open("/").status, 200);
  EXPECT_EQ(sandbox.NewClient()->Get("/v1/json/me").error(), httplib::Error::Read);
  EXPECT_THAT(sandbox.Open("/").text, HasSubstr("broken off before the body was read"));
}

TEST(DashboardPage, LetsNoOtherPageAct) {
  Running sandbox{RedirectOrder("o")};
  const std::string page = PageOf(sandbox, "o");
  const std::string form = "action=pay&scenario=completed";
  const std::string host = "127.0.0.1:" + std::to_string(sandbox.port());
  EXPECT_EQ(sandbox.PostForm(page, form).status, 403) << "no token";
  EXPECT_EQ(sandbox.PostForm(page, "csrf=0000&" + form).status, 403);
  const httplib::Headers kCrossSite[] = {
      {{"Origin", "http://evil.example"}},
      {{"Origin", "null"}},
      {{"Sec-Fetch-Site", "cross-site"}},
      {{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://127.0.0.1:1"}},
      {{"Host", "evil.example"}, {"Origin", "http://evil.example"}}};
  const Json pay{{"scenario", "completed"}};
  for (const httplib::Headers& cross_site : kCrossSite) {
    EXPECT_EQ(Submit(sandbox, page, form, cross_site).status, 403);
    EXPECT_EQ(sandbox.Call("POST", "/_sandbox/orders/o/pay", pay, cross_site).status, 403);
  }
  EXPECT_EQ(sandbox.Get("o").data()["status"], "initialized");
  EXPECT_EQ(sandbox.Open(page, {{"Host", "evil.example"}}).status, 403)
      << "a name that leads here reads nothing";
  for (const char* local : {"localhost:8080", "[::1]:8080", "sandbox.localhost", "192.0.2.1"})
    EXPECT_EQ(sandbox.Open(page, {{"Host", local}}).status, 200);
  EXPECT_EQ(
      Submit(sandbox, page, form,
             {{"Origin", "http://" + host}, {"Host", host}, {"Sec-Fetch-Site", "same-origin"}})
          .status,
      303);
  EXPECT_EQ(sandbox.Get("o").data()["status"], "completed");
}

TEST(DashboardPage, IsFoundUnderTheNameOfItsPublicAddress) {
  Running sandbox({.public_url = "http://pay.shop.test:8080"});
  EXPECT_EQ(sandbox.Open("/", {{"Host", "pay.shop.test:8080"}}).status, 200);
  EXPECT_EQ(sandbox.Open("/", {{"Host", "shop.test"}}).status, 403);
}

TEST(DashboardPage, IsSentAgainOnlyWhenItHasChanged) {
  Running sandbox;
  const std::string etag = sandbox.Open("/").Header("ETag");
  ASSERT_FALSE(etag.empty());
  const httplib::Headers seen{{"If-None-Match", etag}};
  const ClientResponse same = sandbox.Open("/", seen);
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.text.empty());
  sandbox.Create(CardOrder("o"));
  EXPECT_EQ(sandbox.Open("/", seen).status, 200);
}

TEST(DashboardPage, PagesThroughManyOrdersAndFindsOne) {
  Running sandbox;
  for (int i = 0; i < 120; ++i) sandbox.Create(RedirectOrder("many-" + std::to_string(i)));
  std::set<std::string> seen;
  std::string address = "/";
  int pages = 0;
  for (; !address.empty() && pages < 9; ++pages) {
    const std::string text = sandbox.Open(address).text;
    for (std::size_t at = text.find(">many-"); at != std::string::npos;
         at = text.find(">many-", at + 1))
      seen.insert(text.substr(at + 1, text.find('<', at) - at - 1));
    const std::string older = Between(text, "<a href=\"/?before=", "\"");
    address = older.empty() ? "" : "/?before=" + older;
  }
  EXPECT_EQ(seen.size(), 120u);
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(sandbox.Open("/?q=many-7").text, HasSubstr(">many-77<"));
  EXPECT_THAT(sandbox.Open("/?q=none").text, HasSubstr("None with this id"));
}

TEST(DashboardPage, EscapesWhatCameFromOutside) {
  Running sandbox;
  sandbox.Create(With(RedirectOrder("<script>alert(1)</script>"), "/description",
                      "<img src=x onerror=\"alert(1)\">"));
  const std::string list = sandbox.Open("/?q=%22%3E%3Cscript%3E").text;
  EXPECT_THAT(list, Not(HasSubstr("\"><script>")));
  for (const std::string& text :
       {sandbox.Open("/").text, sandbox.Open("/dashboard/orders/1").text}) {
    EXPECT_THAT(text, HasSubstr("&lt;script&gt;alert(1)"));
    EXPECT_THAT(text, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(text, Not(HasSubstr("<img")));
  }
}

TEST(DashboardPage, KnowsWhatIsNotThere) {
  Running sandbox;
  for (const char* path : {"/dashboard/", "/dashboard/orders/1", "/dashboard/orders/x",
                           "/dashboard/orders/1/2", "/dashboard/clock", "/dashboard/card.js"}) {
    EXPECT_EQ(sandbox.Open(path).status, 404) << path;
  }
  EXPECT_EQ(sandbox.Call("PUT", "/", std::string(), {}).status, 405);
  EXPECT_EQ(sandbox.Open("/dashboard/dashboard.js").status, 200);
  EXPECT_EQ(sandbox.Open("/dashboard/dashboard.css").status, 200);
}

TEST(Recorder, KeepsTheLatest) {
  Recorder recorder;
  for (int i = 0; i < 2000; ++i) {
    RecordedRequest recorded;
    recorded.order_seq = i % 2 == 0 ? 1 : 2;
    recorder.Add(std::move(recorded));
  }
  const auto all = recorder.Latest(0, 10'000);
  EXPECT_EQ(all.size(), 500u);
  EXPECT_EQ(all[0]->number, 2000u);
  EXPECT_EQ(recorder.Latest(1, 10'000).size(), 250u);
  EXPECT_EQ(recorder.Latest(1, 5).size(), 5u);
}

// Of a body that is not the sandbox's own.
std::string Masked(const std::string& body) { return MaskedBody(body, {}, false); }

TEST(MaskedBody, IsBoundedAndShowsNothingThatItCannotRead) {
  EXPECT_EQ(Masked(std::string()), "");
  EXPECT_EQ(Masked("4111111111111111 {"), "(18 bytes, not shown)");
  EXPECT_LT(Masked(Json{{"a", std::string(200'000, 'x')}}.dump()).size(), 9000u);
  EXPECT_EQ(Masked(std::string(1'100'000, ' ') + "1"), "(1100001 bytes, not shown)");
  EXPECT_EQ(Masked(std::string(5000, '[')), "(5000 bytes, not shown)");
}

TEST(MaskedBody, IsTheBodyOverSeveralLines) {
  EXPECT_EQ(Masked(R"({"b":[1,{"a":"x\u00e9\n"},[]],"a":{},"c":-1.50,"d":null,"e":true})"),
            "{\n  \"b\": [\n    1,\n    {\n      \"a\": \"x\xc3\xa9\\n\"\n    },\n    []\n  ],\n"
            "  \"a\": {},\n  \"c\": -1.50,\n  \"d\": null,\n  \"e\": true\n}");
  EXPECT_EQ(Masked(R"({"token":["a",{"b":1}],"card_cvc":123,"card_number":"4111 1111 1111 1111"})"),
            "{\n  \"token\": [\n    \"***\",\n    {\n      \"b\": 1\n    }\n  ],\n  \"card_cvc\": "
            "\"***\",\n  \"card_number\": \"************1111\"\n}");
  EXPECT_EQ(Masked("7"), "7");
  EXPECT_THAT(Masked(R"({"a":"\u0034111111111111111"})"), Not(HasSubstr("1111")));
}

TEST(MaskedBody, LeavesIdsOfDigitsReadable) {
  for (const char* id : {"20261129000123", "0123456789-0123456789-0123456789"}) {
    EXPECT_THAT(Masked(Json{{"order_id", id}}.dump()), HasSubstr(id));
  }
  for (const char* id : {"4111111111111111", "x-4111 1111 1111 1111", "1.4111111111111111"}) {
    EXPECT_THAT(Masked(Json{{"order_id", id}}.dump()), Not(HasSubstr("1111"))) << id;
  }
}

TEST(MaskedBody, MasksCardsInEveryForm) {
  for (const char* body : {R"({"card_number":4111111111111111})",
                           R"({"a":["4111-1111-1111-1111"]})", R"({"a":4111111111111111.0})",
                           R"({"a":4.111111111111111e15})", R"({"a":{"b":"x4111111111111111y"}})",
                           R"({"transaction_id":4111111111111111})", R"({"4111111111111111":1})"}) {
    for (const char* shown : {"411111111111", "4.11111", "4111-1111"})
      EXPECT_THAT(Masked(body), Not(HasSubstr(shown))) << body;
  }
  EXPECT_THAT(MaskedBody(R"({"transaction_id":4111111111111111})", {}, true),
              HasSubstr("4111111111111111"))
      << "an id of the sandbox's own";
}

}  // namespace
}  // namespace msp::sandbox::testing
