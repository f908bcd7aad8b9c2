// Clients that bring more than calls: which are cut and told of, and which only look like it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/end_to_end.h"
#include "tests/testing/http_get.h"

namespace msp::e2e {
namespace {

using msp::testing::HttpGet;
using ::testing::HasSubstr;

class FloodTest : public EndToEnd {
 protected:
  std::string ConnectionsCut() {
    const std::string metrics = HttpGet(server().ops(), "/metrics");
    const std::string name = "\nmsp_client_connections_cut_total ";
    const std::size_t at = metrics.find(name);
    if (at == std::string::npos) return "";
    const std::size_t value = at + name.size();
    return metrics.substr(value, metrics.find('\n', value) - value);
  }
};

// Of some 300 KiB.
v1::CreateOrderRequest LargeOrder(const std::string& order_id) {
  v1::CreateOrderRequest request = CardOrder(order_id);
  for (int i = 0; i < 1'500; ++i) {
    auto& item = *request.mutable_shopping_cart()->add_items();
    item.set_name(std::string(150, 'n'));
    item.set_unit_price(0);
    item.set_quantity(1);
    item.set_merchant_item_id(std::to_string(i));
  }
  return request;
}

TEST_F(FloodTest, LargeOrdersOverOneConnectionAreNone) {
  constexpr int kCallers = 4;
  constexpr int kOrders = 40;
  channel();
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([this, caller] {
      for (int i = 0; i < kOrders; ++i) {
        const auto called =
            Create(LargeOrder("large-" + std::to_string(caller) + "-" + std::to_string(i)));
        EXPECT_TRUE(called.ok()) << called.status.error_message();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ConnectionsCut(), "0");
}

TEST_F(FloodTest, WhoSendsNothingButPingsIsCutCountedAndNamed) {
  const std::string address = server().address();
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
  const std::string peer = "ipv4:127.0.0.1:" + std::to_string(ntohs(own.sin_port));

  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  bytes.append("\0\0\0\4\0\0\0\0\0", 9);  // Settings.
  const auto until = std::chrono::steady_clock::now() + msp::testing::kWaitMax;
  std::string nowhere(65'536, ' ');
  while (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0 &&
         std::chrono::steady_clock::now() < until) {
    bytes.clear();
    for (int i = 0; i < 1'000; ++i)
      bytes.append(
          "\0\0\10\6\0\0\0\0\0"
          "12345678",
          17);
    while (recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT) > 0) {
    }
  }
  close(fd);
  EXPECT_EQ(ConnectionsCut(), "1");
  EXPECT_EQ(StopServer(), 0);
  EXPECT_THAT(server().logs(), HasSubstr(R"("event":"flood","peer":")" + peer + "\""));
}

}  // namespace
}  // namespace msp::e2e
