// SPDX-License-Identifier: Apache-2.0

// The connections of one event loop: opens them through a libcurl multi handle, watches their
// sockets with epoll, keeps idle ones for reuse.
//
// Owned by an event loop, used under its lock. The loop waits on the epoll descriptor and
// dispatches each event: `Find` returns its connection. libcurl drives a connection until it is
// established. From then on its socket stays registered with epoll until it is closed, so that a
// request needs no epoll_ctl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "service/curl/connection.h"

namespace msp::curl {

struct ConnectionPoolOptions {
  ConnectionOptions connection;
  std::chrono::seconds idle_max{0};  // A connection is not reused after this long without use,
  std::chrono::seconds age_max{0};   // and this long after it was established.
};

class ConnectionPool {
 public:
  // The arguments outlive the pool. With an invalid `epoll_fd` nothing else may be called.
  ConnectionPool(const ConnectionPoolOptions& options, int epoll_fd);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // False when libcurl has no memory.
  bool SetUp();

  // Begins to open a connection, which the caller owns until `Adopt`. Null when libcurl refuses.
  std::unique_ptr<Connection> Open();
  // The next connection that libcurl has finished with, established when `code` is CURLE_OK; null
  // when there is none.
  Connection* NextOpened(CURLcode& code);
  // Takes an established connection. False, and it stays the caller's, when its socket cannot be
  // watched.
  bool Adopt(std::unique_ptr<Connection>& established);

  // The most recently used idle connection without a pending event that is not too old; null when
  // there is none.
  Connection* TakeIdle(Clock::time_point now);
  void KeepIdle(Connection& connection, Clock::time_point now);
  void Close(Connection& connection);

  // The established connection of a socket; null for a socket that libcurl drives.
  Connection* Find(int fd) const;
  // libcurl's own sockets and timers.
  void OnSocketEvent(int fd, std::uint32_t events);
  void RunTimers();
  Clock::time_point next_timer() const { return timer_at_; }
  // Sets whether the event loop gets an event when the connection is writable again.
  void WatchOutput(Connection& connection, bool wanted);

 private:
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  bool IsTooOld(const Connection& connection, Clock::time_point now) const;

  const ConnectionPoolOptions& options_;
  const int epoll_fd_;
  CURLM* const multi_;
  Clock::time_point timer_at_ = Clock::time_point::max();
  // Indexed by descriptor, so bounded by the process's limit.
  std::vector<std::unique_ptr<Connection>> established_;
  std::vector<Connection*> idle_;  // The most recently used comes last.
};

}  // namespace msp::curl
