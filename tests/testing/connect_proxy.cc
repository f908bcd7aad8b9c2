// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/connect_proxy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "tests/testing/loopback.h"

namespace msp::testing {
ConnectProxy::ConnectProxy() {
  listener_ = BindLoopback(port_);
  EXPECT_EQ(listen(listener_, 16), 0);
  acceptor_ = std::thread([this] { Accept(); });
}

ConnectProxy::~ConnectProxy() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  for (const int fd : fds_) close(fd);
}

std::string ConnectProxy::read() const {
  const MutexLock lock(mutex_);
  return read_;
}

void ConnectProxy::Own(int fd) {
  const MutexLock lock(mutex_);
  fds_.push_back(fd);
}

void ConnectProxy::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ++connections_;
    Own(client);
    const MutexLock lock(mutex_);
    threads_.emplace_back([this, client] { Serve(client); });
  }
}

void ConnectProxy::Serve(int client) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && recv(client, &byte, 1, 0) == 1) {
    head += byte;
    const MutexLock lock(mutex_);
    read_ += byte;
  }
  const std::size_t colon = head.find(':');
  if (!head.starts_with("CONNECT ") || colon == std::string::npos) return;
  int port = 0;
  std::from_chars(head.data() + colon + 1, head.data() + head.size(), port);
  const int server = DialLoopback(port);
  if (server < 0) return;
  Own(server);
  constexpr std::string_view kConnected = "HTTP/1.1 200 connected\r\n\r\n";
  if (send(client, kConnected.data(), kConnected.size(), MSG_NOSIGNAL) < 0) return;
  std::thread back([=, this] { Pass(server, client, false); });
  Pass(client, server, true);
  back.join();
}

void ConnectProxy::Pass(int from, int to, bool keep) {
  char bytes[4096];
  for (ssize_t size = 0; (size = recv(from, bytes, sizeof bytes, 0)) > 0;) {
    if (keep) {
      const MutexLock lock(mutex_);
      read_.append(bytes, static_cast<std::size_t>(size));
    }
    if (send(to, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) < 0) break;
  }
  shutdown(to, SHUT_RDWR);
  shutdown(from, SHUT_RDWR);
}

}  // namespace msp::testing
