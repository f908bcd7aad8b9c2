// SPDX-License-Identifier: Apache-2.0

// What a client says when no connection was made, and by which way it connects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "client/cpp/client.h"
#include "client/cpp/retry_policy.h"
#include "tests/client/fake_service.h"
#include "tests/client/tls_service.h"
#include "tests/testing/connect_proxy.h"
#include "tests/testing/environment.h"
#include "tests/testing/free_port.h"
#include "tests/testing/requests.h"

namespace msp::client {
namespace {

using ::testing::AllOf;
using testing::ConfirmedOrder;
using testing::ConnectProxy;
using testing::FakeService;
using testing::FreePort;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScopedEnvironment;
using ::testing::StartsWith;
using testing::TlsService;

constexpr char kCard[] = "4111111111111111";

v1::CreateOrderRequest Order() { return testing::CardOrder("tulip-1"); }

std::unique_ptr<Client> To(ChannelOptions channel) {
  auto client = Client::Create({.channel = std::move(channel), .write_timeout_ms = 10'000});
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

struct NotConnected {
  const char* name;
  ChannelOptions channel;
  const char* tried;
};

TEST(Connect, WithoutAConnectionAPaymentIsNotSent) {
  FakeService plain(ConfirmedOrder);
  TlsService tls(ConfirmedOrder);
  const std::string dead = "127.0.0.1:" + std::to_string(FreePort());
  // Two dots: refused as a name before any server is asked.
  const std::string nobody = "nobody..invalid:50051";
  const NotConnected kCases[] = {
      {"dead port", {.server = dead}, "in plain text within "},
      {"wrong host", {.server = nobody, .allow_plaintext = true}, "in plain text within "},
      {"TLS against plain text",
       {.server = plain.address(), .tls = {.enabled = true}},
       "with TLS within "},
      {"plain text against TLS", {.server = tls.address()}, "in plain text within "},
      {"other roots", {.server = tls.address(), .tls = {.enabled = true}}, "with TLS within "},
      {"dead proxy",
       {.server = plain.address(), .allow_plaintext = true, .proxy = "http://" + dead},
       "in plain text through the proxy within "}};
  for (const NotConnected& test : kCases) {
    SCOPED_TRACE(test.name);
    const auto client = To(test.channel);
    const auto result = client->CreateOrder(Order(), {.timeout_ms = 1'000});
    ASSERT_FALSE(result.ok());
    const Error& error = result.error();
    EXPECT_EQ(error.outcome, v1::OUTCOME_NOT_SENT) << error.message;
    EXPECT_EQ(error.code, grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(error.reason, kNotConnected);
    EXPECT_FALSE(error.from_service);
    EXPECT_EQ(error.retry_after_ms, 0);
    EXPECT_THAT(error.message, AllOf(StartsWith("no connection to " + test.channel.server),
                                     HasSubstr(test.tried), HasSubstr(" ms: ")));
  }
  EXPECT_TRUE(plain.calls().empty());
}

TEST(Connect, EachChannelPingsAPeerThatHasGone) {
  const grpc::ChannelArguments arguments = CommonArguments({});
  const grpc_channel_args channel = arguments.c_channel_args();
  std::map<std::string, int> found;
  for (std::size_t i = 0; i < channel.num_args; ++i) {
    const grpc_arg& argument = channel.args[i];
    if (argument.type == GRPC_ARG_INTEGER) found[argument.key] = argument.value.integer;
  }
  EXPECT_EQ(found[GRPC_ARG_KEEPALIVE_TIME_MS], 30'000);
  EXPECT_EQ(found[GRPC_ARG_KEEPALIVE_TIMEOUT_MS], 10'000);
  EXPECT_EQ(found["grpc.http2.ping_timeout_ms"], 10'000);
  EXPECT_EQ(found.count(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA), 1U);
  EXPECT_EQ(found[GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA], 0);
}

TEST(Connect, AConnectionThatWasLostIsWaitedForBeforeTheNextPayment) {
  auto service = std::make_unique<FakeService>(ConfirmedOrder);
  const auto client = To({.server = service->address()});
  ASSERT_TRUE(client->CreateOrder(Order()).ok());
  service.reset();
  // Over the same connection, and no payment: once it failed the connection is known to be lost.
  ASSERT_FALSE(client->UpdateOrder({}).ok());
  const auto result = client->CreateOrder(Order(), {.timeout_ms = 400});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_NOT_SENT);
}

TEST(Connect, OtherCallsThanPaymentsFailAtOnce) {
  const auto client = To({.server = "127.0.0.1:" + std::to_string(FreePort())});
  const auto result = client->UpdateOrder({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(result.error().message, Not(StartsWith("no connection to ")));
}

TEST(Connect, TheRetryPolicyRetriesAndThenReturnsNotSent) {
  const auto client = Client::Create(
      {.channel = {.server = "127.0.0.1:" + std::to_string(FreePort())}, .write_timeout_ms = 200});
  ASSERT_TRUE(client.ok());
  int pauses = 0;
  const auto result = CreateOrderWithRetry(
      **client, Order(), {.attempts_max = 3, .pause = [&](std::int64_t) { ++pauses; }});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().outcome, v1::OUTCOME_NOT_SENT);
  EXPECT_EQ(pauses, 2);
}

TEST(Connect, AProxyOfTheEnvironmentIsNotConnectedTo) {
  FakeService service(ConfirmedOrder);
  const ConnectProxy proxy;
  const ScopedEnvironment environment({{"grpc_proxy", proxy.url()},
                                       {"https_proxy", proxy.url()},
                                       {"http_proxy", proxy.url()},
                                       {"no_grpc_proxy", ""},
                                       {"no_proxy", ""}});
  const auto client = To({.server = service.address()});
  EXPECT_TRUE(client->CreateOrder(Order()).ok());
  EXPECT_TRUE(client->CheckHealth().ok());
  EXPECT_EQ(proxy.connections(), 0);
  EXPECT_EQ(proxy.read(), "");
}

TEST(Connect, ASocketOfThisMachineWantsNoTls) {
  const testing::Folder folder;
  FakeService service(ConfirmedOrder, nullptr, "unix:" + folder.path("service"));
  const auto client = To({.server = service.address()});
  EXPECT_TRUE(client->CreateOrder(Order()).ok());
  EXPECT_TRUE(client->CheckHealth().ok());
  EXPECT_EQ(service.calls().size(), 2U);
}

TEST(Connect, AProxyThatWasNamedIsUsedAndReadsNoCardUnderTls) {
  const TlsService service(ConfirmedOrder);
  const ConnectProxy proxy;
  const ScopedEnvironment environment({{"no_grpc_proxy", ""}, {"no_proxy", ""}});
  const auto client = To(
      {.server = service.address(), .tls = {.ca_file = service.ca_file()}, .proxy = proxy.url()});
  EXPECT_TRUE(client->CreateOrder(Order()).ok());
  EXPECT_THAT(proxy.read(), AllOf(StartsWith("CONNECT " + service.address()),
                                  Not(HasSubstr("tulip-1")), Not(HasSubstr(kCard))));
}

TEST(Connect, PlainTextThroughAProxyWantsToBeAllowed) {
  ChannelOptions channel{.server = "127.0.0.1:1", .proxy = "http://127.0.0.1:2"};
  const auto refused = Client::Create({.channel = channel});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("127.0.0.1:1 is behind a proxy"));
  channel.allow_plaintext = true;
  EXPECT_TRUE(Client::Create({.channel = channel}).ok());
  channel.proxy = "127.0.0.1:2";
  EXPECT_FALSE(Client::Create({.channel = channel}).ok()) << "gRPC would connect directly";
}

}  // namespace
}  // namespace msp::client
