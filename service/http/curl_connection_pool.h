// SPDX-License-Identifier: Apache-2.0

// The connections of one event loop: opens them through a libcurl multi handle, watches their
// sockets with epoll, keeps the idle ones.
//
// Owned by an event loop, used under its lock. The loop waits on the epoll descriptor and hands
// each event in: `Find` tells whose it is. libcurl drives a connection until it is established;
// from then on its socket stays registered with epoll until it is closed, so that a request costs
// no change there.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "service/http/curl_connection.h"

namespace msp::http {

struct ConnectionPoolOptions {
  ConnectionOptions connection;
  std::chrono::seconds idle_max{0};  // A connection is not used again after so long without use,
  std::chrono::seconds age_max{0};   // and so long after it was established.
};

class ConnectionPool {
 public:
  // The arguments outlive the pool; `epoll_fd` may be invalid, then nothing else is called.
  ConnectionPool(const ConnectionPoolOptions& options, int epoll_fd);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // False when libcurl has no memory.
  bool SetUp();

  // Begins to open a connection for the transfer, which owns it until it is established. False when
  // libcurl refuses.
  bool Open(Transfer& transfer);
  // Next connection that libcurl has finished with, established when `code` is CURLE_OK; null when
  // there is none. The connection is the transfer's until `Adopt`.
  CurlConnection* NextOpened(CURLcode& code);
  // Takes an established connection over from its transfer. False when its socket cannot be
  // watched.
  bool Adopt(Transfer& transfer);

  // The idle connection that was used last, without a pending event and not too old; null when
  // there is none.
  CurlConnection* TakeIdle(Clock::time_point now);
  void KeepIdle(CurlConnection& connection, Clock::time_point now);
  void Close(CurlConnection& connection);

  // The established connection of a socket; null for a socket that libcurl drives.
  CurlConnection* Find(int fd) const;
  // libcurl's own sockets and timers.
  void OnSocketEvent(int fd, std::uint32_t events);
  void RunTimers();
  Clock::time_point next_timer() const { return timer_at_; }
  // Whether the event loop is told when the connection takes bytes again.
  void WatchOutput(CurlConnection& connection, bool wanted);

 private:
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  bool IsTooOld(const CurlConnection& connection, Clock::time_point now) const;

  const ConnectionPoolOptions& options_;
  const int epoll_fd_;
  CURLM* const multi_;
  Clock::time_point timer_at_ = Clock::time_point::max();
  // By descriptor number, so bounded by the process's limit on them.
  std::vector<std::unique_ptr<CurlConnection>> established_;
  std::vector<CurlConnection*> idle_;  // The one that was used last comes last.
};

}  // namespace msp::http
