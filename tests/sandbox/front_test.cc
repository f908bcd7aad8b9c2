// SPDX-License-Identifier: Apache-2.0

// The HTTP front over a real socket: keys, tolerance, routes, bounds, races, hostile bytes.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sandbox/flags.h"
#include "sandbox/front/front.h"
#include "tests/sandbox/front_fixture.h"
#include "tests/testing/words.h"

namespace msp::sandbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Front, ReferenceOrderAnswersWithEveryDocumentedMember) {
  Running sandbox;
  const ClientResponse answer = sandbox.Create(CardOrder("my-order-id-1", "5555555555554444"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["success"], true);
  for (const std::string& name : msp::testing::Words(
           "amount amount_refunded costs created currency custom_info customer description "
           "fastcheckout financial_status items modified order_id payment_details "
           "payment_methods reason reason_code related_transactions status transaction_id "
           "customer_verification payment_url cancel_url")) {
    EXPECT_TRUE(answer.data().contains(name)) << name;
  }
  EXPECT_EQ(answer.data()["status"], "initialized");
  EXPECT_EQ(answer.data()["reason"], "3D Secure Authorization");
  EXPECT_EQ(answer.data()["customer_verification"]["type"], "form");
}

TEST(Key, IsTakenFromEveryDocumentedPlace) {
  const struct {
    const char* name;
    httplib::Headers headers;
    const char* query;
    int status;
  } kCases[] = {
      {"header", {{"api_key", kKey}}, "", 200},
      {"header in capitals", {{"Api_Key", kKey}}, "", 200},
      {"bearer", {{"Authorization", std::string("Bearer ") + kKey}}, "", 200},
      {"query", {}, "?locale=en_US&api_key=sandbox-test-key-0001", 200},
      {"header wins over query", {{"api_key", kKey}}, "?api_key=wrong", 200},
      {"wrong header is not saved by the query",
       {{"api_key", "wrong-key"}},
       "?api_key=sandbox-test-key-0001",
       401},
      {"none", {}, "", 401},
      {"unknown", {{"api_key", "sandbox-test-key-0002"}}, "", 401},
      {"short", {{"api_key", "sand"}}, "", 401},
      {"prefix", {{"api_key", "sandbox-test-key-000"}}, "", 401},
      {"basic", {{"Authorization", "Basic x"}}, "", 401},
  };
  Running sandbox;
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const ClientResponse answer =
        sandbox.Call("GET", std::string("/v1/json/me") + c.query, std::string(), c.headers);
    EXPECT_EQ(answer.status, c.status);
    if (c.status == 401) {
      EXPECT_EQ(
          answer.body,
          Json::parse(
              R"({"success":false,"data":{},"error_code":1032,"error_info":"Invalid API key"})"));
    }
  }
  EXPECT_EQ(sandbox.Stats()["keys_in_query"], 3);
}

TEST(Key, StrictModeRefusesCapitals) {
  Running sandbox({.strict_key_header = true});
  EXPECT_EQ(sandbox.Call("GET", "/v1/json/me", std::string(), {{"Api_Key", kKey}}).status, 401);
  EXPECT_EQ(sandbox.Call("GET", "/v1/json/me", std::string(), {{"api_key", kKey}}).status, 200);
}

TEST(Key, MissingOnTransactionsAndCancelIsForbidden) {
  Running sandbox;
  for (const auto& [method, path] :
       {std::pair("GET", "/v1/json/transactions"), std::pair("GET", "/v1/json/transactions/1"),
        std::pair("POST", "/v1/json/orders/x/cancel")}) {
    const ClientResponse answer = sandbox.Call(method, path, std::string(), {});
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_EQ(answer.text, R"({"message":"Forbidden"})");
  }
}

TEST(Tolerance, TakesWhatTheOfficialLibrariesSend) {
  Running sandbox;
  const auto create = [&](const std::string& id, httplib::Headers headers,
                          const std::string& query = "") {
    headers.emplace("api_key", kKey);
    return sandbox.Call("POST", "/v1/json/orders" + query, CardOrder(id).dump(2), headers).status;
  };
  EXPECT_EQ(create("node", {{"Content-Type", "application/json; charset=UTF-8;"}}), 200);
  EXPECT_EQ(create("java", {{"Content-Type", "application/x-www-form-urlencoded"}}), 200);
  EXPECT_EQ(
      create("php", {{"Content-Type", "application/json"}, {"accept-encoding", "application/json"}},
             "?locale=en_US"),
      200);
  const ClientResponse patched =
      sandbox.Call("POST", "/v1/json/orders/java", Json{{"invoice_id", "i1"}},
                   {{"api_key", kKey}, {"X-HTTP-Method-Override", "PATCH"}});
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(sandbox.Get("java").data()["invoice_id"], "i1");
  EXPECT_EQ(sandbox.Fetch("orders/java/").status, 200) << "a trailing slash";
  EXPECT_EQ(sandbox.Fetch("orders/java?order_id=x&locale=nl_NL").status, 200);
}

TEST(Tolerance, DecodesPathSegmentsOnce) {
  Running sandbox;
  sandbox.client().set_url_encode(false);
  for (const auto& [id, segment] :
       {std::pair("a/b", "%61%2F%62"), std::pair("a b", "a%20b"), std::pair("50%25", "50%2525"),
        std::pair("\xc3\xa9", "%C3%A9")}) {
    sandbox.Create(CardOrder(id));
    const ClientResponse answer = sandbox.Get(segment);
    EXPECT_EQ(answer.status, 200) << id;
    EXPECT_EQ(answer.data()["order_id"], id);
  }
}

TEST(Tolerance, BodiesThatAreNoObjectAreMissingData) {
  Running sandbox;
  const std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  for (const std::string& body :
       std::vector<std::string>{"", "{", "[]", "1", "null", R"({"a":tru})", "{}x",
                                "{\"a\":\"\xff\"}", deep, std::string(100'000, '[')}) {
    const ClientResponse answer = sandbox.Call("POST", "/v1/json/orders", body);
    EXPECT_EQ(answer.status, 404) << body.substr(0, 20);
    EXPECT_EQ(answer.body["error_code"], 1016);
    EXPECT_EQ(answer.body["error_info"], "Missing data");
  }
}

TEST(Routes, UnknownOnesAreNotFound) {
  Running sandbox;
  for (const char* path : {"/_sandbox", "/v1/json/nothing", "/v1/json/orders/a/b",
                           "/v2/json/orders", "/v1/json/", "/favicon.ico"}) {
    const ClientResponse answer = sandbox.Call("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.text, R"({"message":"Not found"})");
  }
  for (const char* method : {"HEAD", "OPTIONS"})
    EXPECT_EQ(sandbox.Call(method, "/v1/json/orders").status, 405);
}

TEST(Routes, AnswerWithJsonDateAndKeepAlive) {
  Running sandbox;
  const ClientResponse answer = sandbox.Fetch("me");
  EXPECT_EQ(answer.Header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_TRUE(answer.headers.contains("Date"));
  EXPECT_EQ(answer.Header("Connection"), "keep-alive");
  EXPECT_EQ(answer.data(), Json::parse(R"({"account_id":1001001,"role":"admin","site_id":10001})"));
}

TEST(Routes, ListsHaveTheMembersThatPhpInsistsOn) {
  Running sandbox;
  const ClientResponse methods = sandbox.Fetch("payment-methods");
  ASSERT_TRUE(methods.data().is_array());
  for (const Json& method : methods.data()) {
    for (const char* name : {"id", "name", "type"})
      EXPECT_FALSE(method[name].get<std::string>().empty());
    for (const char* name :
         {"allowed_countries", "brands", "preferred_countries", "required_customer_data"}) {
      EXPECT_TRUE(method[name].is_array()) << method["id"] << name;
    }
    EXPECT_FALSE(method["allowed_amount"].empty());
    EXPECT_TRUE(method["tokenization"].is_object());
    EXPECT_TRUE(method["apps"]["payment_components"]["qr"].is_object());
    EXPECT_TRUE(method["icon_urls"].is_object());
    EXPECT_TRUE(method["manual_capture"].contains("is_enabled") &&
                method["manual_capture"].contains("supported"));
  }
  EXPECT_EQ(sandbox.Fetch("payment-methods?currency=XTS").data(), Json::array());
  EXPECT_EQ(sandbox.Fetch("payment-methods?amount=-1").data(), Json::array());
  EXPECT_EQ(sandbox.Fetch("payment-methods/VISA").data()["id"], "VISA");
  EXPECT_EQ(sandbox.Fetch("payment-methods/NONE").body["error_code"], 1023);
  const Json gateways = sandbox.Fetch("gateways").data();
  for (const Json& gateway : gateways) {
    EXPECT_NE(gateway["id"], "CREDITCARD");
    EXPECT_FALSE(gateway["description"].get<std::string>().empty());
  }
  EXPECT_EQ(sandbox.Fetch("gateways/iDEAL").data()["id"], "IDEAL");
  EXPECT_EQ(sandbox.Fetch("issuers/ideal").status, 200);
  EXPECT_EQ(sandbox.Fetch("issuers/visa").body["error_code"], 1023);
  EXPECT_THAT(sandbox.Fetch("auth/api_token").data()["api_token"].get<std::string>(),
              ::testing::StartsWith("pub.v2."));
  EXPECT_TRUE(sandbox.Fetch("categories").data().is_array());
  EXPECT_EQ(sandbox.Fetch("closing-balances").body["page"]["total"], 0);
}

TEST(Routes, ServeTheWholeMerchantApi) {
  Running sandbox{MethodOrder("later", "PAYAFTER")};
  sandbox.Control("orders/later/pay", {{"scenario", "completed"}});
  sandbox.Create(CloudOrder("counter", "00000MAN"));
  sandbox.Control("orders/counter/terminal", {{"outcome", "approve"}});
  const struct {
    const char* method;
    const char* path;
    Json body;
    const char* type;  // of `data`
  } kRows[] = {
      {"GET", "issuers/mybank", nullptr, "array"},
      {"GET", "closing-balances?from=2026-01-01&until=2027-01-01&locale=en_US", nullptr, "array"},
      {"POST",
       "wallets/sessions/applepay",
       {{"origin_domain", "shop.example"}, {"validation_url", "https://apple.example/start"}},
       "object"},
      {"POST", "pad/orders/later/autoexpire", {{"days", 3}}, "string"},
      {"POST", "pad/orders/later/onhold", nullptr, "string"},
      {"GET", "terminals?page=1&limit=2", nullptr, "array"},
      {"POST", "terminals", {{"provider", "CTAP"}, {"group_id", 57958}, {"name", "Bar"}}, "object"},
      {"GET", "terminal-groups/57958/terminals", nullptr, "array"},
      {"GET", "pos/receipt/counter", nullptr, "object"},
      {"GET", "transactions?payment_method=VISA&payment_method=IDEAL&locale=en_US", nullptr,
       "array"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.path);
    const std::string path = std::string("/v1/json/") + row.path;
    const ClientResponse answer =
        sandbox.Call(row.method, path, row.body.is_null() ? std::string() : row.body.dump());
    EXPECT_EQ(answer.status, 200) << answer.text;
    EXPECT_STREQ(answer.data().type_name(), row.type);
    const ClientResponse keyless = sandbox.Call(row.method, path, std::string("{}"), {});
    EXPECT_TRUE(keyless.status == 401 || keyless.status == 403) << keyless.status;
  }
}

TEST(Routes, ControlTurnsTerminalsAndLives) {
  Running sandbox;
  const auto control = [&](const std::string& path, const Json& body) {
    return sandbox.Call("POST", "/_sandbox/" + path, body, {}).status;
  };
  sandbox.Create(MethodOrder("debit", "DIRDEB"));
  EXPECT_EQ(control("orders/debit/settle", Json::object()), 409);
  control("orders/debit/pay", Json{{"scenario", "completed"}});
  EXPECT_EQ(control("orders/debit/settle", Json::object()), 200);
  EXPECT_EQ(sandbox.Get("debit").data()["financial_status"], "uncleared");
  EXPECT_EQ(control("orders/debit/terminal", Json{{"outcome", "approve"}}), 409);
  EXPECT_EQ(control("terminals/00000APR", Json{{"behaviour", "decline"}}), 200);
  EXPECT_EQ(control("terminals/none", Json{{"behaviour", "decline"}}), 404);
  sandbox.Create(CloudOrder("counter", "00000APR"));
  sandbox.Advance(5);
  EXPECT_EQ(sandbox.Get("counter").data()["status"], "declined");
}

// The official libraries' end-to-end scenario.
TEST(Routes, WalkTheOfficialScenario) {
  Running sandbox;
  ASSERT_EQ(sandbox.Create(CardOrder("one")).data()["status"], "completed");
  const ClientResponse refund = sandbox.Refund("one", 100);
  EXPECT_TRUE(refund.data()["refund_id"].is_number_integer() &&
              refund.data()["transaction_id"].is_number_integer());
  const std::string refund_path = "orders/one/refunds/" + refund.data()["refund_id"].dump();
  EXPECT_EQ(sandbox.Patch(refund_path, {{"status", "void"}}).data(), Json::object());
  sandbox.Create(Authorization("two"));
  const Json capture{{"amount", 1000}, {"new_order_status", "completed"}, {"new_order_id", "n"}};
  EXPECT_EQ(sandbox.Post("orders/two/capture", capture).data()["order_id"], "two");
  sandbox.Create(Authorization("three"));
  const Json part{{"amount", 400}, {"new_order_status", "completed"}, {"new_order_id", "four"}};
  EXPECT_EQ(sandbox.Post("orders/three/capture", part).data()["order_id"], "four");
  EXPECT_EQ(
      sandbox.Patch("capture/three", {{"status", "cancelled"}, {"reason", "x"}}).data()["success"],
      true);
  const std::string token =
      sandbox.Create(StoringOrder("five")).data()["payment_details"]["recurring_id"];
  EXPECT_EQ(sandbox.Fetch("recurring/cust-1").data()["tokens"][0]["token"], token);
  EXPECT_EQ(sandbox.Fetch("recurring/cust-1/token/" + token).data()["token"], token);
  EXPECT_EQ(sandbox.Patch("recurring/cust-1/update/" + token, {{"expiry_date", "3101"}})
                .data()["updated"],
            true);
  EXPECT_EQ(sandbox.Call("DELETE", "/v1/json/recurring/cust-1/remove/" + token).data()["removed"],
            true);
  const ClientResponse transactions = sandbox.Fetch("transactions?limit=2");
  EXPECT_EQ(transactions.data().size(), 2u);
  EXPECT_TRUE(transactions.body["pager"]["cursor"]["after"].is_string());
  const Json id = transactions.data()[0]["transaction_id"];
  EXPECT_EQ(sandbox.Fetch("transactions/" + id.dump()).data()["transaction_id"], id);
  EXPECT_EQ(sandbox.Fetch("transactions/1").text, R"({"message":"Not found"})");
  EXPECT_EQ(sandbox.Call("POST", "/v1/json/orders/one/cancel").status, 403);
  sandbox.Create(With(MethodOrder("six", "MISTERCASH"), "/gateway_info/qr_enabled", true));
  EXPECT_EQ(sandbox.Call("POST", "/v1/json/orders/six/cancel").data()["status"], "cancelled");
  const Json file{{"type", "PDF"}, {"base64", "eA=="}, {"description", "d"}, {"name", "n"}};
  EXPECT_EQ(sandbox.Post("orders/one/files", file).data(), Json::object());
  EXPECT_EQ(sandbox.Post("orders/none/files", file).status, 404);
}

TEST(Race, DuplicateCreatesYieldOneSuccess) {
  Running sandbox;
  constexpr int kThreads = 8, kRounds = 20;
  std::atomic<int> created{0}, refused{0}, other{0};
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, round] {
        const auto client = sandbox.NewClient();
        const ClientResponse answer =
            Running::CallOn(*client, "POST", "/v1/json/orders",
                            CardOrder("r" + std::to_string(round)).dump(), {{"api_key", kKey}});
        if (answer.status == 200) {
          ++created;
        } else if (answer.status == 404 && answer.body["error_code"] == 1006) {
          ++refused;
        } else {
          ++other;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(created, kRounds);
  EXPECT_EQ(refused, kRounds * (kThreads - 1));
  EXPECT_EQ(other, 0);
  EXPECT_EQ(sandbox.Stats()["duplicates_refused"], kRounds * (kThreads - 1));
}

TEST(Connections, ManyKeptOpenAreAllServed) {
  Running sandbox;
  constexpr int kConnections = 200;
  std::vector<std::unique_ptr<httplib::Client>> clients;
  for (int i = 0; i < kConnections; ++i) clients.push_back(sandbox.NewClient());
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) {
      ASSERT_EQ(Running::CallOn(*client, "GET", "/v1/json/me", "", {{"api_key", kKey}}).status,
                200);
    }
  }
}

TEST(Http, RefusesWhatIsTooLargeOrMalformed) {
  Running sandbox;
  const std::string head = "POST /v1/json/orders HTTP/1.1\r\nHost: x\r\n";
  const struct {
    const char* name;
    std::string bytes;
    const char* status;
  } kCases[] = {
      {"body too large", head + "Content-Length: 1048577\r\n\r\n", "HTTP/1.1 413"},
      {"chunks too large", head + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", "HTTP/1.1 413"},
      {"head too large", head + "X: " + std::string(40'000, 'x') + "\r\n\r\n", "HTTP/1.1 413"},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400"},
      {"length and chunks",
       head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400"},
      {"negative length", head + "Content-Length: -1\r\n\r\n", "HTTP/1.1 400"},
      {"unknown coding", head + "Transfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501"},
      {"bad chunk", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"},
      {"no version", "GET /\r\n\r\n", "HTTP/1.1 400"},
      {"blank in a header's name", "GET / HTTP/1.1\r\nA b: c\r\n\r\n", "HTTP/1.1 400"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(SendRaw(sandbox.port(), c.bytes, true).answer, HasSubstr(c.status));
  }
}

TEST(Http, TakesChunksContinueAndPipelines) {
  Running sandbox;
  const std::string auth = "Host: x\r\napi_key: " + std::string(kKey) + "\r\n";
  const std::string body = CardOrder("chunked").dump();
  char size[16];
  std::snprintf(size, sizeof size, "%zx", body.size() - 10);
  const std::string chunked = "POST /v1/json/orders HTTP/1.1\r\n" + auth +
                              "Transfer-Encoding: chunked\r\n\r\na\r\n" + body.substr(0, 10) +
                              "\r\n" + size + "\r\n" + body.substr(10) + "\r\n0\r\n\r\n";
  EXPECT_THAT(SendRaw(sandbox.port(), chunked).answer, HasSubstr("HTTP/1.1 200"));
  const std::string one = "GET /v1/json/me HTTP/1.1\r\n" + auth + "\r\n";
  const Raw both = SendRaw(sandbox.port(), one + one, true, 100'000);
  EXPECT_EQ(both.answer.find("HTTP/1.1 200"), 0u);
  EXPECT_NE(both.answer.find("HTTP/1.1 200", 10), std::string::npos);
  const Raw waiting =
      SendRaw(sandbox.port(), "POST /v1/json/orders HTTP/1.1\r\n" + auth +
                                  "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(waiting.answer, HasSubstr("HTTP/1.1 100 Continue"));
}

TEST(Control, ClockMovesTimersAndCanStandStill) {
  Running sandbox{CardOrder("o", "5555555555554444")};
  EXPECT_EQ(sandbox.Advance(3599).data()["now"], kNoon / 1000 + 3599);
  EXPECT_EQ(sandbox.Get("o").data()["status"], "initialized");
  sandbox.Advance(1);
  EXPECT_EQ(sandbox.Get("o").data()["status"], "expired");
  EXPECT_EQ(sandbox.Control("clock", {{"advance_seconds", -1}}).status, 400);
  EXPECT_EQ(sandbox.Control("clock", {{"freeze", false}}).data()["frozen"], false);
  EXPECT_EQ(sandbox.Control("reset").status, 200);
  EXPECT_EQ(sandbox.Inspect("clock")["now"], kNoon / 1000);
  EXPECT_EQ(sandbox.Get("o").status, 404);
  EXPECT_EQ(sandbox.Stats()["orders_posted"], 0);
}

TEST(Control, DecidesChallengesPaymentsReviewsRefundsAndChargebacks) {
  Running sandbox;
  const auto control = [&](const std::string& path, const Json& body) {
    return sandbox.Control("orders/" + path, body);
  };
  sandbox.Create(CardOrder("a", "5555555555554444"));
  EXPECT_EQ(control("a/3ds", {{"result", "maybe"}}).status, 409);
  EXPECT_EQ(control("a/3ds", {{"result", "Y"}}).data()["status"], "completed");
  sandbox.Create(RedirectOrder("b"));
  EXPECT_EQ(control("b/pay", {{"card_number", "4000000000000000"}}).status, 409);
  EXPECT_EQ(control("b/pay", CardOrder("b")["gateway_info"]).data()["status"], "completed");
  sandbox.Create(RedirectOrder("c"));
  EXPECT_EQ(control("c/pay", {{"scenario", "uncleared"}}).data()["status"], "uncleared");
  EXPECT_EQ(control("c/review", {{"accepted", true}}).data()["status"], "completed");
  sandbox.Post("orders/c/refunds", {{"currency", "EUR"}, {"amount", 5}, {"refund_order_id", "r"}});
  EXPECT_EQ(control("c/refunds/r", {{"status", "completed"}}).data()["status"], "partial_refunded");
  EXPECT_EQ(control("c/chargeback", Json::object()).data()["status"], "chargeback");
  EXPECT_EQ(control("none/3ds", {{"result", "Y"}}).status, 404);
  EXPECT_EQ(sandbox.Inspect("orders/a")["money"]["captured"], 1000);
}

TEST(Control, SnapshotTravels) {
  Running one, two;
  one.Create(CardOrder("o"));
  const Json snapshot = one.Inspect("snapshot");
  EXPECT_EQ(two.Control("snapshot", snapshot).status, 200);
  EXPECT_EQ(two.Get("o").data(), one.Get("o").data());
  EXPECT_EQ(two.Control("snapshot", {{"orders", 5}}).status, 400);
}

TEST(Log, HoldsOneLinePerRequestAndNoSecrets) {
  LogLines log;
  Running sandbox({.log = log.Taker()});
  sandbox.Create(CardOrder("o"));
  sandbox.Fetch("orders/4111111111111111");
  sandbox.Fetch("orders/4111-1111-1111-1111");
  sandbox.Fetch("orders/id94111111111111111");
  sandbox.Open(std::string("/v1/json/me?api_key=") + kKey);
  const std::string text = log.Text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_THAT(text,
              HasSubstr(R"("method":"POST","path":"/v1/json/orders","status":200,"order_id":"o")"));
  EXPECT_THAT(text, Not(HasSubstr("41111111")));
  EXPECT_THAT(text, Not(HasSubstr("1111-1111")));
  EXPECT_THAT(text, Not(HasSubstr(kKey)));
  EXPECT_THAT(text, Not(HasSubstr("\"123\"")));
}

// What a client with a broken serializer, a scanner or a fuzzer sends.
std::string Malformed(Random& random, const std::string& good) {
  std::string bytes = good;
  switch (random.Below(7)) {
    case 0:
      bytes.resize(random.Below(bytes.size()));
      break;
    case 1:
      for (std::uint64_t i = 0; i <= random.Below(8); ++i)
        bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
      break;
    case 2:
      bytes.insert(random.Below(bytes.size()),
                   std::string(random.Below(50), static_cast<char>(random.Below(256))));
      break;
    case 3:
      bytes.erase(random.Below(bytes.size()), random.Below(30));
      break;
    case 4: {
      const std::size_t from = random.Below(bytes.size());
      bytes.insert(random.Below(bytes.size()), bytes.substr(from, random.Below(200)));
      break;
    }
    case 5:
      bytes = random.Text(random.Below(300), good);
      break;
    default: {
      static constexpr const char* kNasty[] = {
          "\\u0000", "\\ud800", "[[[[[[[[", "1e999", "-0.0",
          "\"\":",   "%00",     "%2F..%2F", "\r\n",  "99999999999999999999"};
      bytes.insert(random.Below(bytes.size()), kNasty[random.Below(10)]);
    }
  }
  return bytes;
}

TEST(Hostile, TenThousandMalformedRequestsNeitherCrashNorLeakACard) {
  LogLines log;
  Running sandbox({.allow_header_faults = true, .log = log.Taker()});
  const std::string body = CardOrder("o").dump();
  const std::string good =
      "POST /v1/json/orders HTTP/1.1\r\nHost: x\r\napi_key: " + std::string(kKey) +
      "\r\nX-Sandbox-Fault: name=none\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n" + body;
  const std::string get = "GET /v1/json/orders/4111111111111111?api_key=" + std::string(kKey) +
                          " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string page =
      "POST /connect/abc/pay HTTP/1.1\r\nHost: x\r\nContent-Length: "
      "40\r\n\r\ncard_number=4111111111111111&card_cvc=1";
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      Random random(seed);
      const std::string* seeds[] = {&good, &good, &get, &page};
      for (int i = 0; i < 2500; ++i)
        SendRaw(sandbox.port(), Malformed(random, *seeds[random.Below(4)]), true);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sandbox.Fetch("me").status, 200) << "still alive";
  const std::string text = log.Text();
  EXPECT_THAT(text, Not(HasSubstr("4111111111111111")));
  EXPECT_FALSE(sandbox.Stats()["requests"].empty());
}

TEST(Flags, TeachAndRefuseWithTheirName) {
  CommandLine line;
  const char* const good[] = {"msp-sandbox",
                              "--order-id-rule=any",
                              "--threeds",
                              "challenge",
                              "--short_ids",
                              "--five-minute-rule=off",
                              "--key=abcde:7:8:viewer:account"};
  EXPECT_TRUE(ParseFlags(static_cast<int>(std::size(good)), good, &line).ok());
  EXPECT_EQ(line.options.settings.order_id_rule, OrderIdRule::kAny);
  EXPECT_EQ(line.options.settings.threeds, ThreeDs::kChallenge);
  EXPECT_TRUE(line.options.settings.short_ids);
  EXPECT_FALSE(line.options.settings.five_minute_rule);
  ASSERT_EQ(line.options.settings.sites.size(), 1u);
  EXPECT_EQ(line.options.settings.sites[0].kind, "account");
  for (const char* bad : {"--port=70000", "--threeds=maybe", "--key=abc", "--seed=-1",
                          "--orders-max=x", "--nothing=1", "--host="}) {
    CommandLine refused;
    const char* const arguments[] = {"msp-sandbox", bad};
    const auto asked = ParseFlags(2, arguments, &refused);
    EXPECT_FALSE(asked.ok()) << bad;
    std::string name = std::string(bad).substr(0, std::string(bad).find('='));
    std::replace(name.begin() + 2, name.end(), '-', '_');
    EXPECT_THAT(std::string(asked.status().message()), HasSubstr(name));
  }
  const char* const misspelt[] = {"msp-sandbox", "--prot=1"};
  EXPECT_THAT(std::string(ParseFlags(2, misspelt, &line).status().message()),
              HasSubstr("the nearest is --port"));
  EXPECT_THAT(HelpText(), HasSubstr("--polymorphism"));
  EXPECT_THAT(HelpText(), HasSubstr("port; 0 picks a free port; 0 to 65535"));
}

TEST(Server, RefusesAddressesThatOthersReach) {
  Options options;
  options.host = "0.0.0.0";
  EXPECT_FALSE(Server::Start(options).ok());
  options.allow_non_loopback = true;
  EXPECT_TRUE(Server::Start(options).ok());
}

TEST(Server, StopsWhileRequestsWait) {
  auto sandbox = std::make_unique<Running>();
  sandbox->AddFault({}, {{"name", "latency"}, {"ms", 60'000}});
  const auto client = sandbox->NewClient();
  std::thread caller([&] {
    Running::CallOn(*client, "GET", "/v1/json/me", "", {{"api_key", kKey}});
  });
  while (sandbox->Inspect("faults")[0]["fired"] == 0) std::this_thread::yield();
  const auto began = std::chrono::steady_clock::now();
  sandbox.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  caller.join();
}

}  // namespace
}  // namespace msp::sandbox::testing
