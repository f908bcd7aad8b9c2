// SPDX-License-Identifier: Apache-2.0

// The signature of notifications: the published vector, and everything that must not pass.
#include "service/webhooks/signature.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "service/webhooks/sites.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

constexpr std::string_view kKey = "key-of-the-site";
constexpr std::int64_t kNow = 1'781'517'600;

SignatureCheck Check(std::string_view auth, std::string_view body,
                     std::vector<std::string_view> keys = {kKey}, std::int64_t now_s = kNow) {
  return Verify(auth, body, keys, {.now_s = now_s, .past_s = 600});
}

TEST(Signature, CoversTheRawBytesWhateverTheyAre) {
  for (const std::string body : {R"({"a":"\u00e9\/","n":0.60})", "{\"name\":\"J\xC3\xBCrgen\"}",
                                 R"({"a":1,"a":2})", "{ not json", "", R"({"a": "one space"})"}) {
    EXPECT_EQ(Check(SignedAuth(kKey, kNow, body), body), SignatureCheck::kGenuine) << body;
    EXPECT_EQ(Check(SignedAuth(kKey, kNow, body), body + " "), SignatureCheck::kBadSignature)
        << body;
  }
  EXPECT_EQ(Check(SignedAuth(kKey, kNow, R"({"n":0.60})"), R"({"n":0.6})"),
            SignatureCheck::kBadSignature);
}

TEST(Signature, TakesEachKeyOfARotationAndNoOther) {
  const std::string body = "{}";
  const std::string auth = SignedAuth("the-previous-key", kNow, body);
  EXPECT_EQ(Check(auth, body), SignatureCheck::kBadSignature);
  EXPECT_EQ(Check(auth, body, {kKey, "the-previous-key"}), SignatureCheck::kGenuine);
  EXPECT_EQ(Check(auth, body, {"the-previous-key\n", kKey}), SignatureCheck::kGenuine);
  EXPECT_EQ(Check(auth, body, {}), SignatureCheck::kBadSignature);
}

TEST(Signature, TheKeysOfASiteAreItsPresentOneAndTheOneBefore) {
  EXPECT_EQ(KeysOf(payments::Site("nl", "new-key")), std::vector<std::string_view>{"new-key"});
  const payments::Site rotated("nl", "new-key", "old-key");
  EXPECT_EQ(KeysOf(rotated), (std::vector<std::string_view>{"new-key", "old-key"}));
}

TEST(Signature, HoldsTheWindowOnBothSides) {
  const std::string body = "{}";
  const auto at = [&](std::int64_t time) { return Check(SignedAuth(kKey, time, body), body); };
  EXPECT_EQ(at(kNow - 600), SignatureCheck::kGenuine);
  EXPECT_EQ(at(kNow - 601), SignatureCheck::kStale);
  EXPECT_EQ(at(kNow + 300), SignatureCheck::kGenuine);
  EXPECT_EQ(at(kNow + 301), SignatureCheck::kFuture);
  EXPECT_EQ(at(0), SignatureCheck::kStale);
  // A forged time is a bad signature, not a hint about our clock.
  EXPECT_EQ(Check(SignedAuth("wrong", 1, body), body), SignatureCheck::kBadSignature);
}

TEST(Signature, RefusesEveryOtherShapeOfTheHeader) {
  const std::string hex(128, 'a');
  const std::string now = std::to_string(kNow);
  for (const std::string& decoded :
       {now + hex, ":" + hex, now + ":" + hex + "a", now + ":" + hex.substr(1), now + "::" + hex,
        "-1:" + hex, "+1:" + hex, " 1:" + hex, "1e9:" + hex, "1781517600x:" + hex,
        "9999999999999999:" + hex, now + ":" + std::string(128, 'g'), now + ":" + hex + ":x",
        now + ": " + hex.substr(1), std::string()}) {
    EXPECT_EQ(Check(Base64(decoded), "{}"), SignatureCheck::kBadAuthHeader) << decoded;
  }
  const std::string good = SignedAuth(kKey, kNow, "{}");
  EXPECT_EQ(Check(good, "{}"), SignatureCheck::kGenuine);
  for (const std::string& text : {good.substr(1), good + "=", " " + good, good + "\n",
                                  std::string("!!!!"), std::string(2'000, 'A'), now + ":" + hex}) {
    EXPECT_EQ(Check(text, "{}"), SignatureCheck::kBadAuthHeader) << text;
  }
}

TEST(Signature, VerifiesThePublishedVectorAndNoneOfItsVariants) {
  const char* given = std::getenv("MSP_FIXTURES");
  const std::string fixtures = given == nullptr ? MSP_FIXTURES_DEFAULT : given;
  std::ifstream in(fixtures + "/webhook-vector.json");
  if (!in && given == nullptr) GTEST_SKIP() << "no published samples at " << fixtures;
  ASSERT_TRUE(in) << fixtures;
  const auto vector = nlohmann::json::parse(in);
  const auto check = [&](const nlohmann::json& one) {
    const std::string key = one.at("api_key");
    const std::string time = one.at("timestamp");
    const std::string auth = Base64(time + ":" + vector.at("signature_hex").get<std::string>());
    return Verify(auth, one.at("payload").get<std::string>(), std::vector<std::string_view>{key},
                  {.now_s = std::stoll(time), .past_s = 600});
  };
  EXPECT_EQ(check(vector), SignatureCheck::kGenuine);
  EXPECT_EQ(vector.at("auth_header"), Base64(vector.at("timestamp").get<std::string>() + ":" +
                                             vector.at("signature_hex").get<std::string>()));
  ASSERT_FALSE(vector.at("negative_variants").empty());
  for (const auto& variant : vector.at("negative_variants")) {
    nlohmann::json one = vector;
    one.update(variant);
    // White space around a key is how files end, no other key; all else has to fail.
    const bool same_key = Trimmed(one.at("api_key").get<std::string>()) == vector.at("api_key") &&
                          one.at("payload") == vector.at("payload") &&
                          one.at("timestamp") == vector.at("timestamp");
    EXPECT_EQ(check(one) == SignatureCheck::kGenuine, same_key) << variant.at("name");
  }
}

}  // namespace
}  // namespace msp::webhooks
