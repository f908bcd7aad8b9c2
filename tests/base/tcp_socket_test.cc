// SPDX-License-Identifier: Apache-2.0

#include "service/base/tcp_socket.h"

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/loopback.h"

namespace msp {
namespace {

TEST(TcpSocket, ListensOnAFreePort) {
  const auto sockets = ListenTcp("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  const int client = testing::DialLoopback(sockets->port);
  EXPECT_GE(client, 0);
  close(client);
  for (const int fd : sockets->fds) close(fd);
}

TEST(TcpSocket, AnAddressInUseIsAnError) {
  const auto first = ListenTcp("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = ListenTcp("127.0.0.1:" + std::to_string(first->port)).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), ::testing::HasSubstr("in use"));
  for (const int fd : first->fds) close(fd);
}

TEST(TcpSocket, AnIpv6AddressAndANameAreAddressesToo) {
  for (const char* listen : {"[::1]:0", "localhost:0"}) {
    const auto sockets = ListenTcp(listen);
    if (!sockets.ok()) {
      EXPECT_STREQ(listen, "[::1]:0");  // A machine without IPv6 has no ::1.
      continue;
    }
    EXPECT_GT(sockets->port, 0) << listen;
    for (const int fd : sockets->fds) close(fd);
  }
}

TEST(TcpSocket, ANameThatDoesNotResolveIsAnError) {
  EXPECT_FALSE(ListenTcp("no.such.host.invalid:0").ok());
}

}  // namespace
}  // namespace msp
