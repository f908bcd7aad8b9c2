// SPDX-License-Identifier: Apache-2.0

// The customer's pages, walked as a browser without scripts would.
#include <gmock/gmock.h>

#include <regex>

#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string PathOf(const std::string& url) { return url.substr(url.find('/', url.find("//") + 2)); }

std::string SessionOf(Running& sandbox, const Json& order = RedirectOrder("o")) {
  return sandbox.Create(order).data()["session_id"];
}

// What the customer sends from the page of a session.
ClientResponse Sent(Running& sandbox, const std::string& session, const std::string& form,
                    const std::string& action = "pay") {
  return sandbox.PostForm("/connect/" + session + "/" + action, form);
}

std::string CardForm(const std::string& number, const std::string& expiry,
                     const std::string& cvc = "", const std::string& holder = "A") {
  return "card_number=" + number + "&card_holder_name=" + holder + "&card_expiry_date=" + expiry +
         (cvc.empty() ? "" : "&card_cvc=" + cvc);
}

std::string Location(const ClientResponse& answer) { return answer.Header("Location"); }

// The path of the page that an order is paid on.
std::string PagePath(Running& sandbox, const Json& order = RedirectOrder("o")) {
  return PathOf(sandbox.Create(order).data()["payment_url"]);
}

TEST(PaymentPage, TakesACardAndReturnsToTheShop) {
  Running sandbox;
  const std::string page = PagePath(sandbox);
  const ClientResponse shown = sandbox.Call("GET", page);
  EXPECT_EQ(shown.status, 200);
  EXPECT_THAT(shown.text, HasSubstr("EUR 10.00"));
  const std::string session = sandbox.Inspect("orders/o")["session_id"];
  const ClientResponse wrong = Sent(sandbox, session, CardForm("4242424242424242", "3012", "123"));
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(wrong.text, HasSubstr("role=\"alert\""));
  EXPECT_THAT(wrong.text, Not(HasSubstr("4242424242424242")));
  const ClientResponse paid =
      Sent(sandbox, session, CardForm("4111+1111+1111+1111", "3012", "123", "A+B"));
  EXPECT_EQ(paid.status, 303);
  EXPECT_EQ(Location(paid), "https://shop.example/ok?a=1&transactionid=o");
  EXPECT_EQ(sandbox.Get("o").data()["payment_details"]["account_holder_name"], "A B");
  EXPECT_EQ(Location(sandbox.Call("GET", page)), "https://shop.example/ok?a=1&transactionid=o")
      << "paid is paid";
}

TEST(PaymentPage, NamesEveryProblemAtItsField) {
  Running sandbox;
  const std::string session = SessionOf(sandbox);
  const ClientResponse empty = Sent(sandbox, session, CardForm("", "", "", ""));
  EXPECT_EQ(empty.status, 422);
  for (const char* id : {"number", "holder", "expiry"}) {
    EXPECT_THAT(empty.text, HasSubstr("<a href=\"#" + std::string(id) + "\">")) << id;
    EXPECT_THAT(empty.text, HasSubstr(std::string(id) + "-wrong\" aria-invalid=\"true\"")) << id;
  }
  EXPECT_THAT(empty.text, Not(HasSubstr("cvc-wrong"))) << "Maestro has none";
  const std::string good = "4111111111111111";
  const std::pair<std::string, std::string> kCases[] = {
      {CardForm("4111111111111112", "09/30"), "number"},
      {CardForm("4242424242424242", "09/30"), "number"},
      {CardForm("41111x", "09/30"), "number"},
      {CardForm(good, "09/30", "123", "+"), "holder"},
      {CardForm(good, "1330", "123"), "expiry"},
      {CardForm(good, "soon", "123"), "expiry"},
      {CardForm(good, "09/30", "12"), "cvc"},
      {CardForm(good, "09/30", "1234"), "cvc"},
      {CardForm(good, "09/30"), "cvc"}};
  for (const auto& [form, field] : kCases) {
    SCOPED_TRACE(form);
    const ClientResponse wrong = Sent(sandbox, session, form);
    EXPECT_EQ(wrong.status, 422);
    EXPECT_THAT(wrong.text, HasSubstr("<a href=\"#" + field + "\">"));
    EXPECT_THAT(wrong.text, HasSubstr(field + "-wrong\" aria-invalid=\"true\""));
    EXPECT_THAT(wrong.text, Not(HasSubstr("4111111111111111")));
    EXPECT_THAT(wrong.text, Not(HasSubstr("value=\"123")));
  }
  EXPECT_EQ(sandbox.Get("o").data()["status"], "initialized");
}

TEST(PaymentPage, KeepsWhatMayBeShownAgain) {
  Running sandbox;
  const std::string session = SessionOf(sandbox);
  const ClientResponse wrong =
      Sent(sandbox, session, CardForm("1", "09/30", "987", "A+%22B%22+4111+1111+1111+1111"));
  EXPECT_THAT(wrong.text, HasSubstr("value=\"A &quot;B&quot; **** **** **** 1111\""));
  EXPECT_THAT(wrong.text, HasSubstr("value=\"09/30\""));
  EXPECT_THAT(wrong.text, Not(HasSubstr("987")));
}

TEST(PaymentPage, TakesTheExpiryAsItIsPrintedOnCards) {
  for (const char* expiry : {"09/30", "9/30", "09 / 2030", "0930", "3009"}) {
    SCOPED_TRACE(expiry);
    Running sandbox;
    const std::string session = SessionOf(sandbox);
    const ClientResponse paid = Sent(sandbox, session, CardForm("4111111111111111", expiry, "123"));
    EXPECT_EQ(paid.status, 303);
    EXPECT_EQ(sandbox.Get("o").data()["payment_details"]["card_expiry_date"], "3009");
  }
}

TEST(PaymentPage, LeavesTheCardOutWhereTheMethodIsAnother) {
  Running sandbox;
  const std::string html = sandbox.Call("GET", PagePath(sandbox, MethodOrder("o", "IDEAL"))).text;
  EXPECT_THAT(html, Not(HasSubstr("card_number")));
  EXPECT_THAT(html, HasSubstr("scenario"));
}

TEST(PaymentPage, OffersOtherOutcomesAndCancelling) {
  const struct {
    const char* action;
    const char* body;
    const char* status;
    const char* target;
  } kRows[] = {
      {"scenario", "scenario=completed", "completed", "ok?a=1&transactionid=o"},
      {"scenario", "scenario=uncleared", "uncleared", "ok?a=1&transactionid=o"},
      {"scenario", "scenario=declined", "declined", "sorry?transactionid=o"},
      {"cancel", "", "cancelled", "sorry?transactionid=o"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.status);
    Running sandbox;
    const std::string session = SessionOf(sandbox);
    EXPECT_EQ(Location(Sent(sandbox, session, row.body, row.action)),
              std::string("https://shop.example/") + row.target);
    EXPECT_EQ(sandbox.Get("o").data()["status"], row.status);
  }
}

TEST(PaymentPage, DiesAfterTwentyOpenings) {
  Running sandbox;
  const std::string page = PagePath(sandbox);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(sandbox.Call("GET", page).status, 200);
  EXPECT_EQ(sandbox.Call("GET", page).status, 410);
}

TEST(ChallengePage, DecidesAndReturns) {
  Running sandbox;
  const std::string page = PagePath(sandbox, CardOrder("o", "5555555555554444"));
  const std::string simulator = Location(sandbox.Call("GET", page));
  EXPECT_THAT(simulator, StartsWith("/simulator/3ds/"));
  const ClientResponse shown = sandbox.Call("GET", simulator);
  EXPECT_THAT(shown.text, HasSubstr("ending in 4444"));
  EXPECT_THAT(shown.text, Not(HasSubstr("555555")));
  EXPECT_EQ(sandbox.PostForm(simulator, "result=Z").status, 422);
  const ClientResponse decided = sandbox.PostForm(simulator, "result=N");
  EXPECT_EQ(decided.status, 303);
  EXPECT_EQ(Location(decided), "https://shop.example/sorry?transactionid=o");
  EXPECT_EQ(sandbox.Get("o").data()["reason_code"], "3001");
}

TEST(ChallengePage, OpensFromTheFormOfCustomerVerification) {
  Running sandbox;
  const std::string html =
      sandbox.Create(CardOrder("o", "5555555555554444")).data()["customer_verification"]["html"];
  std::smatch action, pareq;
  ASSERT_TRUE(std::regex_search(html, action, std::regex("action=\"([^\"]+)\"")));
  ASSERT_TRUE(
      std::regex_search(html, pareq, std::regex("name=\"PaReq\" value=\"([A-Za-z0-9]{64})\"")));
  EXPECT_THAT(html, HasSubstr("<button type=\"submit\">"));
  const ClientResponse opened =
      sandbox.PostForm(PathOf(action[1]), "PaReq=" + pareq[1].str() + "&MD=x&TermUrl=y");
  EXPECT_EQ(opened.status, 200);
  EXPECT_THAT(opened.text, HasSubstr("<select"));
  Running old({.settings = {.empty_html = true}});
  EXPECT_EQ(old.Create(CardOrder("o", "5555555555554444")).data()["customer_verification"]["html"],
            "");
}

TEST(Pages, EscapeAndForbidScripts) {
  Running sandbox;
  Json order = RedirectOrder("\"><script>x</script>");
  order["description"] = "<img src=x onerror=alert(1)> & 'more'";
  order["payment_options"]["redirect_url"] = "https://shop.example;script-src *\r\nX-Bad: 1";
  const std::string page = PagePath(sandbox, order);
  const ClientResponse shown = sandbox.Call("GET", page);
  EXPECT_THAT(shown.text, Not(HasSubstr("<script")));
  EXPECT_THAT(shown.text, Not(HasSubstr("<img")));
  EXPECT_THAT(shown.text, HasSubstr("&lt;img src=x onerror=alert(1)&gt; &amp; &#39;more&#39;"));
  const std::string policy = shown.Header("Content-Security-Policy");
  EXPECT_THAT(policy, StartsWith("default-src 'none'; form-action 'self' https://shop.example; "
                                 "style-src 'unsafe-inline'"));
  EXPECT_THAT(policy, Not(HasSubstr("script-src")));
  EXPECT_THAT(shown.text, Not(HasSubstr(" onload")));
}

TEST(Pages, MaskACardNumberInTheOrdersOwnText) {
  Running sandbox;
  const Json order =
      With(RedirectOrder("o"), "/description", "Card 4111-1111 11111111, invoice 20300401");
  const std::string html = sandbox.Call("GET", PagePath(sandbox, order)).text;
  EXPECT_THAT(html, HasSubstr("Card ****-**** ****1111, invoice 20300401"));
}

TEST(Pages, PutTheOrderIntoTheQueryNotTheFragment) {
  Running sandbox;
  const std::string session = SessionOf(
      sandbox,
      With(RedirectOrder("o"), "/payment_options/redirect_url", "https://shop.example/#/thanks"));
  EXPECT_EQ(Location(Sent(sandbox, session, "scenario=completed", "scenario")),
            "https://shop.example/?transactionid=o#/thanks");
}

TEST(Pages, LabelEveryFieldForKeyboardAndReader) {
  Running sandbox;
  for (const std::string& page :
       {PagePath(sandbox),
        Location(sandbox.Call("GET", PagePath(sandbox, CardOrder("p", "5555555555554444"))))}) {
    const std::string html = sandbox.Call("GET", page).text;
    EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
    EXPECT_THAT(html, HasSubstr("<main><h1>"));
    const std::regex field("<(?:input|select) id=\"([a-z]+)\"");
    int fields = 0;
    for (std::sregex_iterator it(html.begin(), html.end(), field), end; it != end; ++it, ++fields) {
      EXPECT_THAT(html, HasSubstr("<label for=\"" + (*it)[1].str() + "\">"));
    }
    EXPECT_GT(fields, 0);
  }
}

TEST(Pages, UnknownSessionsAndMethodsAreRefused) {
  Running sandbox;
  for (const char* path : {"/connect/none/", "/simulator/3ds/none", "/simulator/none",
                           "/connect/a/b/c/d", "/connect/"}) {
    EXPECT_EQ(sandbox.Call("GET", path).status, 404) << path;
  }
  EXPECT_EQ(sandbox.Call("DELETE", "/connect/none/").status, 405);
}

TEST(Pages, EndWithAPlainPageWithoutAShopsAddress) {
  Running sandbox;
  const std::string session =
      SessionOf(sandbox, With(RedirectOrder("o"), "/payment_options", kGone));
  const ClientResponse answer = Sent(sandbox, session, "scenario=completed", "scenario");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.text, HasSubstr("Payment completed"));
}

}  // namespace
}  // namespace msp::sandbox::testing
