// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/port_limits.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/testing/loopback.h"

namespace msp::server {
namespace {

// A peer that has vanished answers no ping. (One that lives answers, whatever its calls do: gRPC's
// own clients do so by themselves.)
TEST(PortLimits, APeerThatAnswersNoPingLosesItsConnection) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  Apply({.keepalive_ms = 200, .keepalive_timeout_ms = 300}, builder);
  const auto completions = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  std::thread poller([&completions] {
    void* tag = nullptr;
    bool ok = false;
    while (completions->Next(&tag, &ok)) {
    }
  });
  const int peer = testing::DialLoopback(port);
  // The preface, and an empty SETTINGS frame.
  const std::string greeting =
      std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string("\0\0\0\4\0\0\0\0\0", 9);
  ASSERT_EQ(write(peer, greeting.data(), greeting.size()), static_cast<ssize_t>(greeting.size()));
  pollfd polled{.fd = peer, .events = POLLIN, .revents = 0};
  std::string read_bytes(4096, ' ');
  ssize_t size = 1;
  while (size > 0 && poll(&polled, 1, 10'000) == 1)
    size = read(peer, read_bytes.data(), read_bytes.size());
  EXPECT_LE(size, 0) << "the connection is open after ten seconds";
  close(peer);
  server->Shutdown();
  completions->Shutdown();
  poller.join();
}

}  // namespace
}  // namespace msp::server
