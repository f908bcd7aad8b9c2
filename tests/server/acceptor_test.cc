// The listener of the gRPC port: what it hands over, and how it ends.
#include "service/server/acceptor.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/gate.h"

namespace msp::server {
namespace {

// Takes connections as gRPC does; the test reads their descriptors.
class Taken : public Acceptor::Connections {
 public:
  explicit Taken(std::promise<int>& first) : first_(first) {}
  void HandleNewConnection(NewConnectionParameters* connection) override {
    first_.set_value(connection->fd);
  }

 private:
  std::promise<int>& first_;
};

std::vector<std::unique_ptr<Acceptor::Connections>> One(std::promise<int>& first) {
  std::vector<std::unique_ptr<Acceptor::Connections>> connections;
  connections.push_back(std::make_unique<Taken>(first));
  return connections;
}

// A connection to the port that has sent a byte, or -1 when it is refused. (The kernel keeps one
// that says nothing to itself for a while.)
int Dial(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, "P", 1, MSG_NOSIGNAL) == 1)
    return fd;
  close(fd);
  return -1;
}

class AcceptorTest : public ::testing::Test {
 protected:
  void Serve() { acceptor_->Serve(One(first_)); }
  int TakenFd() {
    auto future = first_.get_future();
    EXPECT_EQ(future.wait_for(testing::kWaitMax), std::future_status::ready);
    return future.get();
  }

  std::promise<int> first_;
  std::unique_ptr<Acceptor> acceptor_ = *Acceptor::Bind("127.0.0.1:0");
};

TEST_F(AcceptorTest, HandsOverEachConnectionAndCountsItUntilItsEnd) {
  Serve();
  EXPECT_EQ(acceptor_->open(), 0U);
  const int client = Dial(acceptor_->port());
  const int server = TakenFd();
  EXPECT_EQ(acceptor_->open(), 1U);
  close(server);
  EXPECT_EQ(acceptor_->open(), 0U);
  close(client);
}

TEST_F(AcceptorTest, ClosedItRefusesNewConnectionsAndLeavesTheOthersOpen) {
  Serve();
  const int client = Dial(acceptor_->port());
  const int server = TakenFd();
  acceptor_->Close();
  EXPECT_EQ(Dial(acceptor_->port()), -1);
  EXPECT_EQ(acceptor_->open(), 1U);
  EXPECT_EQ(write(server, "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(client, &byte, 1), 1);
  close(server);
  close(client);
}

TEST_F(AcceptorTest, WhatHasConnectedBeforeTheCloseIsStillHandedOver) {
  const int client = Dial(acceptor_->port());
  ASSERT_GE(client, 0);
  Serve();
  acceptor_->Close();
  EXPECT_EQ(acceptor_->open(), 1U);
  close(TakenFd());
  close(client);
}

TEST_F(AcceptorTest, ADescriptorThatBecameAnotherFileCountsNoMore) {
  Serve();
  const int client = Dial(acceptor_->port());
  const int server = TakenFd();
  const int other = dup2(client, server);
  EXPECT_EQ(acceptor_->open(), 0U);
  close(other);
  close(client);
}

TEST(Acceptor, BeyondItsBoundTheNewOneGoesWhereAllAreYoung) {
  std::promise<int> first;
  const auto acceptor = *Acceptor::Bind("127.0.0.1:0", 1);
  const int old = Dial(acceptor->port());
  acceptor->Serve(One(first));
  auto taken = first.get_future();
  ASSERT_EQ(taken.wait_for(testing::kWaitMax), std::future_status::ready);
  const int young = Dial(acceptor->port());
  char byte = 0;
  EXPECT_LE(read(young, &byte, 1), 0);  // Its end.
  EXPECT_EQ(acceptor->open(), 1U);
  EXPECT_EQ(acceptor->refused(), 1);
  for (const int fd : {taken.get(), old, young}) close(fd);
}

TEST_F(AcceptorTest, AnAddressInUseIsAnError) {
  const auto second = Acceptor::Bind("127.0.0.1:" + std::to_string(acceptor_->port()));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), ::testing::HasSubstr("in use"));
}

TEST(Acceptor, AnIpv6AddressAndANameAreAddressesToo) {
  for (const char* listen : {"[::1]:0", "localhost:0"}) {
    const auto acceptor = Acceptor::Bind(listen);
    if (!acceptor.ok()) {
      // A machine without IPv6 has no ::1.
      EXPECT_STREQ(listen, "[::1]:0");
      continue;
    }
    EXPECT_GT((*acceptor)->port(), 0) << listen;
  }
}

}  // namespace
}  // namespace msp::server
