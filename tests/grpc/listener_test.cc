// SPDX-License-Identifier: Apache-2.0

// The listening socket of the gRPC port: what it hands over, and how it ends.
#include "service/grpc/listener.h"

#include <netinet/tcp.h>

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/tcp_socket.h"
#include "tests/testing/gate.h"
#include "tests/testing/loopback.h"

namespace msp::server {
namespace {

constexpr std::size_t kConnectionsMax = 100;

// Takes connections as gRPC does; the test reads their descriptors.
class FakeAcceptor : public Listener::Acceptor {
 public:
  explicit FakeAcceptor(std::promise<int>& first) : first_(first) {}
  void HandleNewConnection(NewConnectionParameters* connection) override {
    first_.set_value(connection->fd);
  }

 private:
  std::promise<int>& first_;
};

class ListenerTest : public ::testing::Test {
 protected:
  explicit ListenerTest(std::size_t connections_max = kConnectionsMax)
      : listener_(connections_max) {
    const auto sockets = ListenTcp("127.0.0.1:0");
    for (const int fd : sockets->fds) listener_.Add(fd);
    port_ = sockets->port;
  }
  void Serve() { listener_.Serve(std::make_unique<FakeAcceptor>(first_)); }
  int HandedOver() {
    auto future = first_.get_future();
    EXPECT_EQ(future.wait_for(testing::kWaitMax), std::future_status::ready);
    return future.get();
  }

  std::promise<int> first_;
  Listener listener_;
  int port_ = 0;
};

TEST_F(ListenerTest, HandsOverEachConnectionAndCountsItUntilItsEnd) {
  Serve();
  EXPECT_EQ(listener_.open(), 0U);
  const int client = testing::DialLoopback(port_);
  const int server = HandedOver();
  EXPECT_EQ(listener_.open(), 1U);
  close(server);
  EXPECT_EQ(listener_.open(), 0U);
  close(client);
}

// With Nagle's algorithm a reply waits for the client's delayed acknowledgement, 40 ms.
TEST_F(ListenerTest, HandsOverConnectionsThatSendAtOnce) {
  Serve();
  const int client = testing::DialLoopback(port_);
  const int server = HandedOver();
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  EXPECT_EQ(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  close(server);
  close(client);
}

TEST_F(ListenerTest, ClosedItRefusesNewConnectionsAndLeavesTheOthersOpen) {
  Serve();
  const int client = testing::DialLoopback(port_);
  const int server = HandedOver();
  listener_.Close();
  EXPECT_EQ(testing::DialLoopback(port_), -1);
  EXPECT_EQ(listener_.open(), 1U);
  EXPECT_EQ(write(server, "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(client, &byte, 1), 1);
  close(server);
  close(client);
}

TEST_F(ListenerTest, AConnectionMadeBeforeTheCloseIsStillHandedOver) {
  const int client = testing::DialLoopback(port_);
  ASSERT_GE(client, 0);
  Serve();
  listener_.Close();
  EXPECT_EQ(listener_.open(), 1U);
  close(HandedOver());
  close(client);
}

TEST_F(ListenerTest, ADescriptorThatBecameAnotherFileCountsNoMore) {
  Serve();
  const int client = testing::DialLoopback(port_);
  const int server = HandedOver();
  const int other = dup2(client, server);
  EXPECT_EQ(listener_.open(), 0U);
  close(other);
  close(client);
}

class FullListenerTest : public ListenerTest {
 protected:
  FullListenerTest() : ListenerTest(1) {}
};

TEST_F(FullListenerTest, AConnectionBeyondTheBoundIsClosedAndTheOpenOneStays) {
  const int first = testing::DialLoopback(port_);
  Serve();
  const int server = HandedOver();
  const int second = testing::DialLoopback(port_);
  char byte = 0;
  EXPECT_LE(read(second, &byte, 1), 0);  // Its end.
  EXPECT_EQ(listener_.open(), 1U);
  EXPECT_EQ(listener_.refused(), 1);
  for (const int fd : {server, first, second}) close(fd);
}

}  // namespace
}  // namespace msp::server
