// SPDX-License-Identifier: Apache-2.0

// How the pool finds its way to the upstream, and what it says when there is none.
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/http/pool_test.h"
#include "tests/testing/connect_proxy.h"
#include "tests/testing/environment.h"
#include "tests/testing/loopback.h"

namespace msp::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CurlPoolConnectTest : public PoolTest {};
INSTANTIATE_TEST_SUITE_P(Addresses, CurlPoolConnectTest, kAddresses, AddressName);

TEST_P(CurlPoolConnectTest, RefusedConnectionIsNotSent) {
  PoolOptions options = Options();
  {
    Upstream gone;
    options.base_url = UrlOf(gone);
  }
  auto pool = Pool(options);
  const Response response = RestCall(*pool, Post());
  EXPECT_THAT(response, Ended(CallOutcome::kNotSent, TransferError::kConnect));
  EXPECT_THAT(response.detail, HasSubstr("Connection refused"));
  EXPECT_EQ(pool->Stats().not_sent, 1);
}

TEST_P(CurlPoolConnectTest, IgnoresTheProxyOfTheEnvironment) {
  Upstream proxy;
  const testing::ScopedEnvironment environment(
      {{"http_proxy", proxy.url()}, {"all_proxy", proxy.url()}});
  auto pool = Pool();
  EXPECT_EQ(RestCall(*pool, Get()).status, 200);
  EXPECT_EQ(proxy.connections(), 0);
}

// A tunnel for http, too: the proxy sees where the requests go and nothing of them.
TEST_P(CurlPoolConnectTest, GoesThroughATunnelOfTheProxyThatItWasGiven) {
  testing::ConnectProxy proxy;
  const testing::ScopedEnvironment environment({{"no_proxy", "*"}});
  auto pool = Pool([&](PoolOptions& options) { options.proxy = proxy.url(); });
  EXPECT_EQ(RestCall(*pool, Get()).status, 200);
  EXPECT_EQ(RestCall(*pool, Post()).status, 200);
  EXPECT_EQ(proxy.connections(), 1);
  const std::string seen = proxy.read();
  const std::string head = seen.substr(0, seen.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("CONNECT "));
  EXPECT_THAT(head, Not(HasSubstr("api_key")));
  EXPECT_EQ(upstream_.requests().front().target, "/orders/order-1");
}

TEST(CurlPool, ATlsConnectionGoesThroughATunnelToo) {
  Upstream upstream(Upstream::Transport::kTls);
  testing::ConnectProxy proxy;
  PoolOptions options = OptionsFor(upstream.named_url());
  options.proxy = proxy.url();
  options.ca_file = upstream.ca_file();
  EXPECT_EQ(RestCall(*PoolOf(options), Post()).status, 200);
  EXPECT_EQ(proxy.connections(), 1);
}

TEST_P(CurlPoolConnectTest, AProxyThatRefusesMeansNotSent) {
  Upstream proxy;  // Answers CONNECT with an error, as it does not know it.
  proxy.Answer(403, "{}");
  auto pool = Pool([&](PoolOptions& options) { options.proxy = proxy.url(); });
  EXPECT_THAT(RestCall(*pool, Post()), Ended(CallOutcome::kNotSent, TransferError::kConnect));
  EXPECT_EQ(upstream_.connections(), 0);
}

TEST(CurlPool, AHeldNameLookupEndsAtTheDeadlineAndHoldsNobodyElseUp) {
  Upstream upstream;
  const PoolOptions options = OptionsFor(upstream.named_url());
  // The resolver's thread outlives the pool that gave up on it, and may outlive this test.
  static std::deque<Gate> gates;
  Gate& gate = gates.emplace_back();
  testing::HoldResolver(&gate);
  {
    auto pool = PoolOf(options);
    EXPECT_THAT(RestCall(*pool, Within(std::chrono::milliseconds(200))),
                Ended(CallOutcome::kNotSent, TransferError::kDeadline));
    // The lookup is still held, and the worker is free: stopping does not wait for it either.
  }
  testing::HoldResolver(nullptr);
  gate.Open();
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(CurlPool, AConnectThatTakesTooLongIsNotSent) {
  // A listener with a full backlog answers no more handshakes.
  int port = 0;
  const int listener = testing::BindLoopback(port);
  ASSERT_EQ(listen(listener, 0), 0);
  const sockaddr_in address = testing::LoopbackAddress(port);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Whether it connects does not matter: it takes a place in the queue.
    (void)connect(fillers.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  PoolOptions options = OptionsFor("http://127.0.0.1:" + std::to_string(port));
  options.connect_timeout_ms = 200;
  auto pool = PoolOf(options);
  EXPECT_THAT(RestCall(*pool, Post()), Ended(CallOutcome::kNotSent, TransferError::kConnect));
  EXPECT_THAT(RestCall(*pool, Within(std::chrono::milliseconds(100))),
              Ended(CallOutcome::kNotSent, TransferError::kDeadline));
  for (const int filler : fillers) close(filler);
  close(listener);
}

TEST(CurlPool, RefusesSettingsThatMakeNoSense) {
  const struct {
    const char* name;
    void (*spoil)(PoolOptions&);
  } cases[] = {
      {"no URL", [](PoolOptions& o) { o.base_url = ""; }},
      {"ftp", [](PoolOptions& o) { o.base_url = "ftp://127.0.0.1"; }},
      {"user", [](PoolOptions& o) { o.base_url = "https://u:p@127.0.0.1"; }},
      {"query", [](PoolOptions& o) { o.base_url = "https://127.0.0.1/v1?a=b"; }},
      {"no host", [](PoolOptions& o) { o.base_url = "https://"; }},
      {"no loop", [](PoolOptions& o) { o.loops = 0; }},
      {"one connection", [](PoolOptions& o) { o.connections_max = 1; }},
  };
  for (const auto& c : cases) {
    PoolOptions options = OptionsFor("https://127.0.0.1/v1/json/");
    EXPECT_TRUE(CurlPool::Create(options).ok()) << c.name;
    c.spoil(options);
    EXPECT_FALSE(CurlPool::Create(options).ok()) << c.name;
  }
}

TEST(CurlPool, AFailedTlsHandshakeIsNotSent) {
  Upstream tls(Upstream::Transport::kTls);
  Upstream plain;
  const struct {
    const char* name;
    std::string url;
    std::string ca_file;
  } cases[] = {
      {"unknown authority", tls.url(), ""},
      {"wrong host", "https://127.0.0.2:" + std::to_string(tls.port()), tls.ca_file()},
      {"not TLS", "https://127.0.0.1:" + std::to_string(plain.port()), tls.ca_file()},
      {"no such CA file", tls.url(), "/nonexistent/ca.pem"},
  };
  for (const auto& c : cases) {
    PoolOptions options = OptionsFor(c.url);
    options.ca_file = c.ca_file;
    options.connect_timeout_ms = 1000;  // A server that does not speak TLS just waits for more.
    const Response response = RestCall(*PoolOf(options), Post());
    EXPECT_THAT(response, Ended(CallOutcome::kNotSent, TransferError::kConnect)) << c.name;
    EXPECT_NE(response.detail, "");
  }
  EXPECT_EQ(tls.Count("POST") + plain.Count("POST"), 0);
}

}  // namespace
}  // namespace msp::http
