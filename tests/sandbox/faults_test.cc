// SPDX-License-Identifier: Apache-2.0

// Fault injection: each effect as a client on a socket sees it, and whether the state changed.
#include <gmock/gmock.h>

#include "sandbox/front/faults.h"
#include "tests/sandbox/front_fixture.h"

namespace msp::sandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string CreateBytes(const std::string& id) {
  const std::string body = CardOrder(id).dump();
  return "POST /v1/json/orders HTTP/1.1\r\nHost: x\r\napi_key: " + std::string(kKey) +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

constexpr std::size_t kAll = 100'000'000;

TEST(Faults, EveryEffectAnswersAsAskedAndChargesOrNot) {
  constexpr struct {
    const char* name;
    const char* effect;  // JSON
    bool reset;          // the connection ends in RST
    const char* text;    // the answer has it; "" when nothing may come
    bool charged;        // the order exists afterwards
  } kCases[] = {
      {"reset before reading", R"({"name":"reset","when":"before_reading"})", true, "", false},
      {"reset after reading", R"({"name":"reset","when":"after_reading"})", true, "", false},
      {"reset in the body", R"({"name":"reset","when":"in_body","bytes":30})", true, "HTTP/1.1 200",
       true},
      {"commit then reset", R"({"name":"commit_then_fail","then":"reset"})", true, "", true},
      {"commit then close", R"({"name":"commit_then_fail","then":"close"})", false, "", true},
      {"commit then time out", R"({"name":"commit_then_fail","then":"timeout","hold_ms":50})",
       false, "", true},
      {"commit then 500", R"({"name":"commit_then_fail","then":"500"})", false, "HTTP/1.1 500",
       true},
      {"commit then api error",
       R"({"name":"commit_then_fail","then":"api_error","error_code":1021})", false,
       "\"error_code\":1021", true},
      {"status", R"({"name":"status","status":502,"body":"E9"})", false, "HTTP/1.1 502", false},
      {"html", R"({"name":"status","body":"html"})", false, "<html>", false},
      {"empty", R"({"name":"status","body":"empty"})", false, "Content-Length: 0\r\n", false},
      {"api error", R"({"name":"api_error","error_code":1034,"shape":"nested"})", false,
       R"("data":{"error_code":1034)", false},
      {"string success", R"({"name":"api_error","error_code":1019,"shape":"success_string"})",
       false, R"("success":"false")", false},
      {"redirect", R"({"name":"redirect","location":"http://127.0.0.1:1/x"})", false,
       "Location: http://127.0.0.1:1/x\r\n", false},
      {"rate limit", R"({"name":"rate_limit","calls":0,"retry_after_seconds":7})", false,
       "Retry-After: 7\r\n", false},
      {"wrong type", R"({"name":"wrong_type","pointer":"/data/amount","value":"x"})", false,
       R"("amount":"x")", true},
      {"edited",
       R"({"name":"edit","status":400,"changes":[
           {"pointer":"/data/amount","raw":"18446744073709551616"},
           {"pointer":"/data/status","absent":true},{"pointer":"/error_code","value":1024}]})",
       false, R"("amount":18446744073709551616)", true},
      {"truncated", R"({"name":"truncate","bytes":12})", false, "HTTP/1.1 200", true},
      {"garbage", R"({"name":"garbage","kind":"bom"})", false, "\r\n\r\n\xef\xbb\xbf{", true},
      {"duplicates", R"({"name":"garbage","kind":"duplicate_members"})", false,
       R"({"success":false,"data":{},"data":)", true},
      {"slow", R"({"name":"slow_body","bytes_per_second":100000})", false, "\"success\":true}",
       true},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    Running sandbox;
    const Json match{{"method", "POST"}, {"path", "/v1/json/orders"}, {"times", 1}};
    ASSERT_EQ(sandbox.AddFault(match, Json::parse(c.effect)).status, 200);
    const Raw raw = SendRaw(sandbox.port(), CreateBytes("o"), false, *c.text == '\0' ? 1 : kAll);
    EXPECT_EQ(raw.reset, c.reset);
    if (*c.text == '\0') {
      EXPECT_EQ(raw.answer, "");
    } else {
      EXPECT_THAT(raw.answer, HasSubstr(c.text));
    }
    EXPECT_EQ(sandbox.Get("o").status, c.charged ? 200 : 404);
    sandbox.Call("DELETE", "/_sandbox/faults");
    EXPECT_EQ(sandbox.Create(CardOrder("o")).status, c.charged ? 404 : 200) << "and only once";
  }
}

TEST(Faults, TruncationStatesTheConfiguredLength) {
  for (const char* length : {"whole", "part"}) {
    Running sandbox;
    sandbox.AddFault({}, {{"name", "truncate"}, {"bytes", 12}, {"length", length}});
    const Raw raw = SendRaw(sandbox.port(), CreateBytes("o"), false, kAll);
    const std::size_t body = raw.answer.find("\r\n\r\n") + 4;
    EXPECT_EQ(raw.answer.size() - body, 12u);
    EXPECT_EQ(raw.answer.find("Content-Length: 12\r\n") != std::string::npos,
              std::string(length) == "part");
    EXPECT_TRUE(raw.ended);
  }
}

TEST(Faults, GarbageIsWhatItSays) {
  Running sandbox{CardOrder("o")};
  const auto garbage = [&](const char* kind) {
    sandbox.Call("DELETE", "/_sandbox/faults");
    sandbox.AddFault({}, {{"name", "garbage"}, {"kind", kind}});
    return sandbox.Get("o");
  };
  EXPECT_TRUE(garbage("invalid_json").body.is_discarded());
  EXPECT_TRUE(garbage("invalid_utf8").body.is_discarded());
  EXPECT_THAT(garbage("deep").text, HasSubstr(std::string(2000, '[')));
  EXPECT_GT(garbage("huge").text.size(), 20u * 1024 * 1024);
}

TEST(Faults, MatchByOrderIdNthTimesAndProbability) {
  Running sandbox;
  const Json error{{"name", "status"}, {"status", 503}};
  sandbox.AddFault({{"order_id", "shop-*"}, {"method", "POST"}}, error);
  EXPECT_EQ(sandbox.Create(CardOrder("shop-1")).status, 503);
  EXPECT_EQ(sandbox.Create(CardOrder("other")).status, 200);
  sandbox.Call("DELETE", "/_sandbox/faults");
  sandbox.AddFault({{"path", "/v1/json/me"}, {"nth", 2}}, error);
  EXPECT_EQ(sandbox.Fetch("me").status, 200);
  EXPECT_EQ(sandbox.Fetch("me").status, 503);
  EXPECT_EQ(sandbox.Fetch("me").status, 200);
  sandbox.Call("DELETE", "/_sandbox/faults");
  sandbox.AddFault({{"path", "/v1/json/me"}, {"times", 2}}, error);
  for (const int status : {503, 503, 200}) EXPECT_EQ(sandbox.Fetch("me").status, status);
  sandbox.Call("DELETE", "/_sandbox/faults");
  sandbox.AddFault({{"probability", 0.3}}, error);
  int hit = 0;
  for (int i = 0; i < 300; ++i) hit += sandbox.Fetch("me").status == 503 ? 1 : 0;
  EXPECT_GT(hit, 50);
  EXPECT_LT(hit, 150);
}

TEST(Faults, RateLimitCountsInTheSandboxsTime) {
  Running sandbox;
  sandbox.AddFault(
      {}, {{"name", "rate_limit"}, {"calls", 2}, {"window_seconds", 10}, {"retry_after", "date"}});
  for (const int status : {200, 200, 429, 429}) EXPECT_EQ(sandbox.Fetch("me").status, status);
  const ClientResponse limited = sandbox.Fetch("me");
  const Json rule = sandbox.Inspect("faults")[0];
  EXPECT_EQ(rule["matched"], 5);
  EXPECT_EQ(rule["fired"], 3) << "what is within the limit is let through";
  EXPECT_THAT(limited.Header("Retry-After"), HasSubstr("GMT"));
  sandbox.Advance(10);
  EXPECT_EQ(sandbox.Fetch("me").status, 200);
}

TEST(Faults, AnEditChangesWhatItNamesInAnswersOfSuccessAlone) {
  Running sandbox{CardOrder("o")};
  sandbox.AddFault({}, {{"name", "edit"},
                        {"status", 404},
                        {"changes",
                         {{{"pointer", "/success"}, {"value", false}},
                          {{"pointer", "/data/amount"}, {"absent", true}},
                          {{"pointer", "/data/nothing/there"}, {"value", 1}},
                          {{"pointer", "/data/currency"}}}}});
  const ClientResponse edited = sandbox.Get("o");
  EXPECT_EQ(edited.status, 404);
  EXPECT_EQ(edited.body["success"], false);
  EXPECT_FALSE(edited.data().contains("amount"));
  EXPECT_FALSE(edited.data().contains("nothing"));
  EXPECT_TRUE(edited.data()["currency"].is_null());
  EXPECT_EQ(edited.data()["status"], "completed");
  EXPECT_EQ(sandbox.Get("other").body["error_code"], 1006) << "a refusal stays what it is";
}

TEST(Faults, UnreadableTextsComeByteForByte) {
  const std::pair<const char*, const char*> kTexts[] = {
      {"lone_high_surrogate", R"("description":"Gift \ud83d")"},
      {"lone_low_surrogate", R"("description":"Gift \ude00 box")"},
      {"cut_utf8", "\"description\":\"Gift \xf0\x9f\x8e\""},
      {"latin1", "\"description\":\"Caf\xe9\""},
      {"raw_tab", "\"description\":\"Gift\tbox\""}};
  for (const auto& [name, bytes] : kTexts) {
    SCOPED_TRACE(name);
    Running sandbox{CardOrder("o")};
    sandbox.AddFault(
        {}, {{"name", "edit"}, {"changes", {{{"pointer", "/data/description"}, {"text", name}}}}});
    EXPECT_THAT(sandbox.Get("o").text, HasSubstr(bytes));
  }
}

TEST(Faults, AnotherOrdersAnswerGivesTheMembersThatAreNamedOrAll) {
  Running sandbox;
  sandbox.AddFault({{"order_id", "mixed"}},
                   {{"name", "other_answer"}, {"members", {"/data/transaction_id"}}});
  sandbox.AddFault({{"order_id", "whole"}}, {{"name", "other_answer"}});
  const Json first = sandbox.Create(CardOrder("first")).data();
  const Json mixed = sandbox.Create(CardOrder("mixed")).data();
  EXPECT_EQ(mixed["order_id"], "mixed");
  EXPECT_EQ(mixed["transaction_id"], first["transaction_id"]);
  EXPECT_EQ(sandbox.Create(CardOrder("whole")).data()["order_id"], "mixed");
  EXPECT_EQ(sandbox.Get("first").data()["transaction_id"], first["transaction_id"]);
}

TEST(Faults, ByHeaderOnlyWhenAllowed) {
  const httplib::Headers headers{{"api_key", kKey},
                                 {"X-Sandbox-Fault", "name=status; status=504; body=empty"}};
  Running closed;
  EXPECT_EQ(closed.Call("GET", "/v1/json/me", std::string(), headers).status, 200);
  Running open({.allow_header_faults = true});
  EXPECT_EQ(open.Call("GET", "/v1/json/me", std::string(), headers).status, 504);
  EXPECT_EQ(open.Fetch("me").status, 200);
}

TEST(Faults, RefuseRulesThatMakeNoSense) {
  Running sandbox;
  for (const Json& effect :
       {Json::object(), Json{{"name", "explode"}}, Json{{"name", "latency"}, {"ms", -1}},
        Json{{"name", "status"}, {"status", 99}}, Json{{"name", "garbage"}},
        Json{{"name", "wrong_type"}, {"pointer", "no slash"}},
        Json{{"name", "edit"}, {"changes", {{{"pointer", "/a"}, {"text", "klingon"}}}}},
        Json{{"name", "edit"}, {"changes", {{{"value", 1}}}}},
        Json{{"name", "other_answer"}, {"members", {"no slash"}}},
        Json{{"name", "reset"}, {"when", "later"}},
        Json{{"name", "commit_then_fail"}, {"then", "laugh"}}}) {
    const ClientResponse answer = sandbox.AddFault({}, effect);
    EXPECT_EQ(answer.status, 400) << effect;
    EXPECT_THAT(answer.body["message"].get<std::string>(), StartsWith("effect."));
  }
  EXPECT_EQ(sandbox.AddFault({{"probability", 2}}, {{"name", "latency"}}).status, 400);
  EXPECT_EQ(sandbox.Inspect("faults"), Json::array());
}

TEST(Glob, MatchesRunsAndSingles) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("/v1/*/refunds", "/v1/orders/a/refunds"));
  EXPECT_TRUE(GlobMatches("a?c*", "abcd"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
  EXPECT_FALSE(GlobMatches("abc", "abcd"));
  EXPECT_TRUE(GlobMatches("*a*a*a*b", std::string(50, 'a') + "b"));
  EXPECT_FALSE(GlobMatches("*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace msp::sandbox::testing
