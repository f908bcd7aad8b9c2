// SPDX-License-Identifier: Apache-2.0

// Notifications as a merchant's receiver gets them: signature, order, retries on virtual time,
// knobs.
#include <gmock/gmock.h>

#include <cstdlib>
#include <map>

#include "sandbox/core/url.h"
#include "sandbox/front/webhooks.h"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "tests/sandbox/fixtures.h"
#include "tests/sandbox/front_fixture.h"
#include "tests/testing/upstream.h"

namespace msp::sandbox::testing {
namespace {

using msp::testing::Reply;
using msp::testing::Upstream;
using Received = msp::testing::RecordedRequest;

constexpr char kHookPointer[] = "/payment_options/notification_url";

// A sandbox with a merchant's endpoint.
struct Notifying : Running {
  Upstream receiver;

  Notifying() { Acknowledge(200, "OK"); }
  std::string HookUrl() const { return receiver.url() + "/hook?type=n"; }
  void Acknowledge(int status, const std::string& body) {
    receiver.Script([=, elsewhere = receiver.url() + "/elsewhere"](const Received&) {
      return Reply::Json(status, body).Header("Location", elsewhere);
    });
  }
  Json NotifiedOrder(const std::string& id, const std::string& number = "4111111111111111") {
    return With(CardOrder(id, number), kHookPointer, HookUrl());
  }
  void CreateNotified(const std::string& id, const std::string& number = "4111111111111111") {
    Create(NotifiedOrder(id, number));
  }
  // Exactly so many.
  std::vector<Received> Notifications(std::size_t count) {
    receiver.WaitForRequests(count);
    std::vector<Received> received = receiver.requests();
    EXPECT_EQ(received.size(), count);
    return received;
  }
};

std::int64_t StampOf(const Received& received) {
  std::string plain;
  EXPECT_TRUE(Base64Decode(received.Header("auth"), &plain));
  return std::strtoll(plain.c_str(), nullptr, 10);
}

std::string StatusOf(const Received& received) { return Json::parse(received.body).at("status"); }

bool Verifies(const Received& received, std::string_view key = kKey) {
  return received.Header("auth") == WebhookAuth(key, StampOf(received), received.body);
}

TEST(Webhook, IsSignedBareAndNamesTheOrder) {
  Notifying sandbox;
  sandbox.CreateNotified("a b&c");
  const auto received = sandbox.Notifications(1);
  EXPECT_EQ(received[0].method, "POST");
  EXPECT_EQ(received[0].target,
            "/hook?type=n&transactionid=a%20b%26c&timestamp=" + std::to_string(kNoon / 1000));
  EXPECT_EQ(StampOf(received[0]), kNoon / 1000);
  EXPECT_TRUE(Verifies(received[0]));
  EXPECT_FALSE(Verifies(received[0], "another-key"));
  const Json order = Json::parse(received[0].body);
  EXPECT_EQ(order["order_id"], "a b&c");
  EXPECT_FALSE(order.contains("success"));
  EXPECT_EQ(order.dump(), received[0].body) << "survives a JSON library";
}

TEST(Webhook, SendsEachChangeInOrderAndNotTheCreation) {
  Notifying sandbox;
  sandbox.CreateNotified("o", "5555555555554444");
  sandbox.Control("orders/o/3ds", {{"result", "Y"}});
  sandbox.Refund("o", 300);
  sandbox.Advance(12 * 3600);
  sandbox.Refund("o", 700);
  sandbox.Advance(24 * 3600);
  std::vector<std::string> states;
  for (const Received& received : sandbox.Notifications(3)) states.push_back(StatusOf(received));
  EXPECT_THAT(states, ::testing::ElementsAre("completed", "partial_refunded", "refunded"));
}

TEST(Webhook, ByGetHasNeitherBodyNorSignature) {
  Notifying sandbox;
  sandbox.Create(With(sandbox.NotifiedOrder("o"), "/payment_options/notification_method", kGone));
  const auto received = sandbox.Notifications(1);
  EXPECT_EQ(received[0].method, "GET");
  EXPECT_FALSE(received[0].HasExactHeader("Auth"));
  EXPECT_EQ(received[0].Header("auth"), "");
  EXPECT_EQ(received[0].body, "");
}

TEST(Webhook, OnlyOkWithin100BytesAcknowledges) {
  const struct {
    int status;
    std::string body;
    bool acked;
  } kCases[] = {{200, "OK", true},
                {200, "MULTISAFEPAY_OK", true},
                {200, "<p>OK</p>", true},
                {200, "", false},
                {200, "thanks", false},
                {200, std::string(99, ' ') + "OK", false},
                {200, std::string(98, ' ') + "OK", true},
                {204, "", false},
                {302, "OK", false},
                {500, "OK", false}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::to_string(c.status) + " " + c.body);
    Notifying sandbox;
    sandbox.Acknowledge(c.status, c.body);
    sandbox.CreateNotified("o");
    sandbox.Notifications(1);  // Redirects are not followed.
    Json attempts;
    ASSERT_TRUE(WaitUntil([&] {
      attempts = sandbox.Inspect("notifications?order_id=o");
      return !attempts.empty();
    }));
    EXPECT_EQ(attempts[0]["acked"], c.acked);
    EXPECT_EQ(attempts[0]["status"], c.status);
  }
}

TEST(Webhook, RetriesThreeTimesByTheQuarterOfAnHourWithNewSignatures) {
  Notifying sandbox;
  sandbox.Acknowledge(500, "no");
  sandbox.CreateNotified("o");
  for (std::size_t attempt = 1; attempt <= 4; ++attempt) {
    const auto received = sandbox.Notifications(attempt);
    EXPECT_EQ(StampOf(received.back()),
              kNoon / 1000 + 900 * (static_cast<std::int64_t>(attempt) - 1));
    EXPECT_TRUE(Verifies(received.back()));
    // Recorded after the receiver has seen it; the retry is planned by then.
    ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_waiting"] == 0; }));
    sandbox.Advance(899);
    EXPECT_EQ(sandbox.Stats()["webhooks_waiting"], 0);
    sandbox.Advance(1);
  }
  sandbox.Advance(3600);
  EXPECT_EQ(sandbox.Stats()["webhooks_waiting"], 0);
  EXPECT_EQ(sandbox.Stats()["webhooks_sent"], 4);
  EXPECT_EQ(sandbox.Stats()["webhooks_acked"], 0);
}

TEST(Webhook, GoesToTheLoopbackAlone) {
  Running sandbox;
  sandbox.Create(With(CardOrder("o"), kHookPointer, "http://shop.example/hook"));
  EXPECT_EQ(sandbox.Stats()["webhooks_blocked"], 1);
  EXPECT_EQ(sandbox.Stats()["webhooks_sent"], 0);
  for (const char* url :
       {"http://127.0.0.1:80/x", "https://127.1.2.3", "http://localhost:1", "http://[::1]:5/"}) {
    EXPECT_TRUE(IsLoopbackUrl(url)) << url;
  }
  for (const char* url :
       {"http://127.0.0.1.example.com/", "http://127.0.0.1@example.com/", "http://10.0.0.1/",
        "ftp://127.0.0.1/", "127.0.0.1", "http://localhost.example/", "http://[::1].example/"}) {
    EXPECT_FALSE(IsLoopbackUrl(url)) << url;
  }
}

TEST(WebhookKnobs, MakeSendingWorse) {
  const auto with = [](const Json& knobs, auto check) {
    SCOPED_TRACE(knobs.dump());
    Notifying sandbox;
    ASSERT_EQ(sandbox.Control("webhooks", knobs).status, 200);
    sandbox.CreateNotified("o");
    check(sandbox);
  };
  with({{"duplicate", true}}, [](Notifying& sandbox) { sandbox.Notifications(2); });
  with({{"bad_signature", true}},
       [](Notifying& sandbox) { EXPECT_FALSE(Verifies(sandbox.Notifications(1)[0])); });
  with({{"tamper_body", true}}, [](Notifying& sandbox) {
    const auto received = sandbox.Notifications(1);
    EXPECT_FALSE(Verifies(received[0]));
    EXPECT_FALSE(Json::parse(received[0].body, nullptr, false).is_discarded());
  });
  with({{"stale_timestamp", true}}, [](Notifying& sandbox) {
    const auto received = sandbox.Notifications(1);
    EXPECT_TRUE(Verifies(received[0]));
    EXPECT_EQ(StampOf(received[0]), kNoon / 1000 - 3600);
  });
  with({{"drop", true}}, [](Notifying& sandbox) {
    ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_retries_pending"] == 1; }));
    EXPECT_TRUE(sandbox.receiver.requests().empty());
    sandbox.Control("webhooks", {{"drop", false}});
    sandbox.Advance(900);
    sandbox.Notifications(1);  // It comes with the retry.
  });
  Running sandbox;
  EXPECT_EQ(sandbox.Control("webhooks", {{"drop", "perhaps"}}).status, 400);
  EXPECT_EQ(sandbox.Control("webhooks", {{"delay_ms", -1}}).status, 400);
}

TEST(WebhookKnobs, ReorderSendsTheNewerFirst) {
  Notifying sandbox;
  sandbox.Control("webhooks", {{"reorder", true}});
  sandbox.CreateNotified("o", "4462000000000003");
  sandbox.Advance(180);
  const auto received = sandbox.Notifications(2);
  EXPECT_EQ(StatusOf(received[0]), "completed");
  EXPECT_EQ(StatusOf(received[1]), "uncleared");
}

TEST(WebhookKnobs, DelayHoldsBackWithoutChangingTheOrder) {
  Notifying sandbox;
  sandbox.Control("webhooks", {{"delay_ms", 300}});
  const auto began = std::chrono::steady_clock::now();
  sandbox.CreateNotified("o", "4462000000000003");
  // What follows has no delay of its own, and stays behind what has.
  sandbox.Control("webhooks", {{"delay_ms", 0}});
  sandbox.Advance(180);
  const auto received = sandbox.Notifications(2);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(300));
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(StatusOf(received[0]), "uncleared");
  EXPECT_EQ(StatusOf(received[1]), "completed");
}

TEST(WebhookKnobs, DelayedOrdersDoNotHoldUpOthers) {
  Notifying sandbox;
  sandbox.Control("webhooks", {{"delay_ms", 600'000}});
  // More of them than there are senders.
  for (int i = 0; i < 10; ++i) sandbox.CreateNotified("late-" + std::to_string(i));
  sandbox.Control("webhooks", {{"delay_ms", 0}});
  sandbox.CreateNotified("prompt");
  const auto received = sandbox.Notifications(1);
  EXPECT_EQ(Json::parse(received[0].body)["order_id"], "prompt");
}

TEST(WebhookKnobs, AShareHitsThatShareOfTheNotifications) {
  Notifying sandbox;
  ASSERT_EQ(sandbox.Control("webhooks", {{"drop", 0.2}, {"duplicate", 0.2}, {"bad_signature", 0.2}})
                .status,
            200);
  constexpr int kOrders = 300;
  for (int i = 0; i < kOrders; ++i) sandbox.CreateNotified("o" + std::to_string(i));
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_waiting"] == 0; }));
  std::map<std::string, int> copies;
  int bad = 0;
  const auto received = sandbox.receiver.requests();
  for (const Received& one : received) {
    ++copies[Json::parse(one.body)["order_id"]];
    bad += Verifies(one) ? 0 : 1;
  }
  const int arrived = static_cast<int>(copies.size());
  const int doubled = static_cast<int>(received.size()) - arrived;
  // The seed is fixed, but which notification draws what is not: three deviations of 0.2 of 300.
  for (const int hit : {kOrders - arrived, doubled * kOrders / arrived, bad * kOrders / arrived}) {
    EXPECT_GE(hit, 30);
    EXPECT_LE(hit, 100);
  }
  EXPECT_EQ(sandbox.Control("webhooks", {{"drop", 1.5}}).status, 400);
  EXPECT_EQ(sandbox.Control("webhooks", {{"delay_share", -0.1}}).status, 400);
}

TEST(WebhookKnobs, ACopyIsNotRetriedByItself) {
  Notifying sandbox;
  sandbox.Acknowledge(500, "no");
  sandbox.Control("webhooks", {{"duplicate", true}});
  sandbox.CreateNotified("o");
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_sent"] == 2; }));
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_waiting"] == 0; }));
  EXPECT_EQ(sandbox.Stats()["webhooks_retries_pending"], 1);
}

TEST(Webhook, ARetrySendsTheOrderAsItIsThen) {
  Notifying sandbox;
  sandbox.Acknowledge(500, "no");
  sandbox.CreateNotified("o");
  sandbox.Notifications(1);
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_waiting"] == 0; }));
  sandbox.Acknowledge(200, "OK");
  ASSERT_EQ(sandbox.Patch("orders/o", {{"status", "shipped"}, {"tracktrace_code", "3S1"}}).status,
            200);
  sandbox.Notifications(2);
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_waiting"] == 0; }));
  sandbox.Advance(900);
  const auto received = sandbox.Notifications(3);
  EXPECT_EQ(StatusOf(received[0]), "completed");
  EXPECT_EQ(StatusOf(received[2]), "shipped");
  EXPECT_EQ(StampOf(received[2]), kNoon / 1000 + 900);
  EXPECT_TRUE(Verifies(received[2]));
}

TEST(Webhook, EveryEndOfAnOrderIsNotified) {
  for (const char* end : {"completed", "declined", "uncleared", "cancelled", "expired"}) {
    SCOPED_TRACE(end);
    Notifying sandbox;
    sandbox.Create(With(RedirectOrder("o"), kHookPointer, sandbox.HookUrl()));
    sandbox.Control("orders/o/pay", {{"scenario", end}});
    const auto received = sandbox.Notifications(1);
    EXPECT_EQ(StatusOf(received[0]), end);
  }
}

TEST(Webhook, AttemptsAreListedWithWhatWasAnswered) {
  Notifying sandbox;
  sandbox.Acknowledge(200, "OK" + std::string(200, '.'));
  sandbox.CreateNotified("o");
  sandbox.CreateNotified("p");
  sandbox.Create(With(CardOrder("q"), kHookPointer, "http://shop.example/hook"));
  ASSERT_TRUE(WaitUntil([&] { return sandbox.Stats()["webhooks_acked"] == 2; }));
  const Json one = sandbox.Inspect("notifications?order_id=o");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]["time"], kNoon / 1000);
  EXPECT_EQ(one[0]["url"],
            sandbox.HookUrl() + "&transactionid=o&timestamp=" + std::to_string(kNoon / 1000));
  EXPECT_EQ(one[0]["status"], 200);
  EXPECT_EQ(one[0]["body"], "OK" + std::string(98, '.'));
  EXPECT_EQ(one[0]["acked"], true);
  EXPECT_EQ(sandbox.Inspect("notifications").size(), 3u);
  const Json refused = sandbox.Inspect("notifications?order_id=q");
  EXPECT_EQ(refused[0]["time"], kNoon / 1000);
  EXPECT_EQ(refused[0]["acked"], false);
}

TEST(Webhook, CanBeSentAgain) {
  Notifying sandbox;
  sandbox.CreateNotified("o");
  sandbox.Control("orders/o/notify");
  sandbox.Notifications(2);
}

TEST(WebhookSignature, FitsThePublishedVectorAndNoneOfItsVariants) {
  const auto directory = FixturesDirectory();
  if (!directory) return;
  const Json vector = ReadFixture(*directory + "/webhook-vector.json");
  const auto text = [&](const Json& from, const char* name) {
    return (from.contains(name) ? from[name] : vector[name]).get<std::string>();
  };
  const auto signature = [&](const Json& from) {
    return Hex(
        HmacSha512(text(from, "api_key"), text(from, "timestamp") + ":" + text(from, "payload")));
  };
  EXPECT_EQ(signature(vector), vector["signature_hex"]);
  EXPECT_EQ(WebhookAuth(text(vector, "api_key"), std::stoll(text(vector, "timestamp")),
                        text(vector, "payload")),
            vector["auth_header"]);
  ASSERT_EQ(vector["negative_variants"].size(), 5u);
  for (const Json& variant : vector["negative_variants"]) {
    EXPECT_NE(signature(variant), vector["signature_hex"]) << variant["name"];
    EXPECT_EQ(signature(variant), variant["hmac_hex"]) << variant["name"];
  }
}

}  // namespace
}  // namespace msp::sandbox::testing
