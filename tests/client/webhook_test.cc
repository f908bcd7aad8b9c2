// SPDX-License-Identifier: Apache-2.0

// `msp webhook verify` against the published vector and what people get wrong; `msp webhook send`
// against a receiver.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/report.h"
#include "nlohmann/json.hpp"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "tests/client/cli_run.h"
#include "tests/sandbox/fixtures.h"
#include "tests/testing/authority.h"
#include "tests/testing/upstream.h"

namespace msp::cli {
namespace {

using Json = nlohmann::json;
using msp::testing::Folder;
using msp::testing::RecordedRequest;
using msp::testing::Upstream;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::RunAt;

constexpr char kKey[] = "key-of-the-tulip-shop";
constexpr char kBody[] = R"({"order_id":"tulip & 1","amount":4995,"status":"completed"})";
constexpr std::int64_t kThen = 1'900'000'000;

std::string AuthOf(const std::string& key, const std::string& stamp, const std::string& body) {
  return Base64(stamp + ":" + Hex(HmacSha512(key, stamp + ":" + body)));
}

Outcome Verified(const std::string& body, const std::string& auth, const std::string& key = kKey,
                 const std::string& more = "", std::int64_t now = kThen) {
  const Folder folder;
  const std::string key_file = folder.Put("key", key);
  return RunAt("", "webhook verify --auth '" + auth + "' --key-file " + key_file + " " + more, body,
               now);
}

TEST(WebhookVerify, TakesWhatMultiSafepaySigned) {
  const Outcome ran =
      Verified(kBody, AuthOf(kKey, "1900000000", kBody), std::string(kKey) + "\n", "", kThen + 7);
  EXPECT_EQ(ran.exit, kExitOk);
  const Json result = Json::parse(ran.out);
  EXPECT_EQ(result["genuine"], true);
  EXPECT_EQ(result["age_s"], 7);
  EXPECT_EQ(result["order_id"], "tulip & 1");
}

TEST(WebhookVerify, ReadsTheBodyFromAFileByteForByte) {
  const std::string body = "{\"order_id\": \"a\\u00e9\",  \"n\":0.60}\r\n";
  const Folder folder;
  const std::string file = folder.Put("body", body);
  EXPECT_EQ(Verified("other", AuthOf(kKey, "1900000000", body), kKey, "-f " + file).exit, kExitOk);
}

TEST(WebhookVerify, SaysWhyItIsNotGenuine) {
  const std::string good = AuthOf(kKey, "1900000000", kBody);
  const std::string spaced = Json::parse(kBody).dump(2);
  const struct {
    const char* name;
    std::string body;
    std::string auth;
    std::string key;
    const char* reason;
  } kCases[] = {
      {"no base64", kBody, "***", kKey, "is not base64"},
      {"no colon", kBody, Base64("1900000000"), kKey, "no colon"},
      {"no time", kBody, Base64("now:" + std::string(128, 'a')), kKey, "time is not a number"},
      {"short", kBody, Base64("1900000000:abcd"), kKey, "not 128"},
      {"other key", kBody, good, "another-key", "a different key, or not the bytes"},
      {"spaces around the key", kBody, good, std::string(" ") + kKey, "whitespace around it"},
      {"line end", std::string(kBody) + "\n", good, kKey,
       "a trailing newline that the notification"},
      {"line end lost", kBody, AuthOf(kKey, "1900000000", std::string(kBody) + "\n"), kKey,
       "lacks the trailing newline"},
      {"printed again", R"({"order_id": "tulip & 1", "amount": 4995, "status": "completed"})", good,
       kKey, "reserialized with different whitespace"},
      {"tampered", R"({"order_id":"tulip & 1","amount":4996,"status":"completed"})", good, kKey,
       "not the bytes that were signed"},
      {"no json", "{", good, kKey, "is not JSON"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const Outcome ran = Verified(c.body, c.auth, c.key);
    EXPECT_EQ(ran.exit, kExitRefused);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("not genuine: "));
    EXPECT_THAT(ran.err, HasSubstr(c.reason));
    EXPECT_THAT(ran.err, Not(HasSubstr(kKey)));
  }
}

TEST(WebhookVerify, HoldsTheAgeAgainstALimitBothWays) {
  const std::string auth = AuthOf(kKey, "1900000000", kBody);
  for (const auto& [now, exit] : {std::pair<std::int64_t, int>{kThen + 300, kExitOk},
                                  {kThen - 300, kExitOk},
                                  {kThen + 301, kExitRefused},
                                  {kThen - 301, kExitRefused}}) {
    EXPECT_EQ(Verified(kBody, auth, kKey, "--max-age 300", now).exit, exit) << now;
  }
  EXPECT_THAT(Verified(kBody, auth, kKey, "--max-age 300", kThen + 4000).err,
              HasSubstr("signed 4000 s ago"));
}

TEST(WebhookVerify, AMistakeOfTheCommandLineEndsWithTwo) {
  const Folder folder;
  const std::string key = "--auth x --key-file " + folder.Put("key", kKey);
  const std::pair<std::string, const char*> kCases[] = {
      {"--key-file " + folder.path("key"), "--auth is missing"},
      {"--auth x", "--key-file is missing"},
      {"--auth x --key-file /nowhere", "cannot be opened"},
      {"--auth x --key-file " + folder.Put("empty", "\n"), "holds no key"},
      {key + " -f /nowhere", "cannot be opened"},
      {key + " --max-age soon", "--max-age must be a number of seconds"},
      {key + " body.json", "accepts no arguments"}};
  for (const auto& [more, complaint] : kCases) {
    const Outcome ran = RunAt("", "webhook verify " + more, kBody);
    EXPECT_EQ(ran.exit, kExitUsage);
    EXPECT_THAT(ran.err, HasSubstr(complaint));
  }
}

TEST(WebhookVerify, FitsThePublishedVectorAndNoneOfItsVariants) {
  const auto directory = sandbox::testing::FixturesDirectory();
  if (!directory) return;
  const Json vector = sandbox::testing::ReadFixture(*directory + "/webhook-vector.json");
  const std::string key = vector["api_key"];
  EXPECT_EQ(Verified(vector["payload"], vector["auth_header"], key).exit, kExitOk);
  for (const Json& variant : vector["negative_variants"]) {
    SCOPED_TRACE(variant["name"].get<std::string>());
    const std::string stamp = variant.value("timestamp", vector["timestamp"].get<std::string>());
    const std::string auth = Base64(stamp + ":" + vector["signature_hex"].get<std::string>());
    const Outcome ran = Verified(variant.value("payload", vector["payload"].get<std::string>()),
                                 auth, variant.value("api_key", key));
    EXPECT_EQ(ran.exit, kExitRefused);
  }
}

// A merchant's endpoint.
std::string HookOf(const Upstream& shop) { return shop.url() + "/hook?shop=1"; }

Outcome Sent(const std::string& url, const std::string& more = "", const std::string& key = kKey) {
  const Folder folder;
  const std::string key_file = folder.Put("key", key);
  return RunAt("", "webhook send " + url + " --key-file " + key_file + " " + more, kBody, kThen);
}

TEST(WebhookSend, SignsAndPostsAsMultiSafepayDoes) {
  Upstream shop;
  shop.Answer(200, "OK");
  const Outcome ran = Sent(HookOf(shop), "-f -", std::string(kKey) + "\n");
  EXPECT_EQ(ran.exit, kExitOk) << ran.err;
  const RecordedRequest seen = shop.requests().at(0);
  EXPECT_EQ(seen.body, kBody);
  EXPECT_EQ(seen.Header("Auth"), AuthOf(kKey, "1900000000", kBody));
  EXPECT_EQ(seen.target, "/hook?shop=1&transactionid=tulip%20%26%201&timestamp=1900000000");
  EXPECT_EQ(Json::parse(ran.out)["acked"], true);
  EXPECT_EQ(Verified(kBody, Json::parse(ran.out)["auth"]).exit, kExitOk) << "verify takes it";
}

TEST(WebhookSend, SignsWithAnotherTimeWhenAsked) {
  Upstream shop;
  shop.Answer(200, "MULTISAFEPAY_OK");
  Sent(HookOf(shop), "--at 7");
  EXPECT_EQ(shop.requests().at(0).Header("Auth"), AuthOf(kKey, "7", kBody));
}

TEST(WebhookSend, WhatIsNotAcknowledgedEndsWithOne) {
  for (const auto& [status, answer] :
       {std::pair<int, std::string>{200, "thanks"}, {500, "OK"}, {401, "no"}}) {
    Upstream shop;
    shop.Answer(status, answer);
    const Outcome ran = Sent(HookOf(shop));
    EXPECT_EQ(ran.exit, kExitRefused);
    EXPECT_EQ(Json::parse(ran.out)["status"], status);
    EXPECT_EQ(Json::parse(ran.out)["acked"], false);
  }
}

TEST(WebhookSend, StaysOnThisHostUnlessConfigured) {
  for (const char* url :
       {"http://shop.example/hook", "http://127.0.0.1.example/hook", "http://127.0.0.1@example/",
        "http://[::2]/", "http://10.0.0.1/", "ftp://127.0.0.1/", "127.0.0.1", "http:///x"}) {
    const Outcome ran = Sent(url);
    EXPECT_EQ(ran.exit, kExitUsage) << url;
    EXPECT_THAT(ran.err, HasSubstr("error: URL is not")) << url;
  }
}

}  // namespace
}  // namespace msp::cli
