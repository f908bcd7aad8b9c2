// SPDX-License-Identifier: Apache-2.0

// One connection to the upstream. libcurl resolves the name, connects, traverses a proxy and does
// TLS (CURLOPT_CONNECT_ONLY); this service writes requests and reads answers. So only a transfer
// can send a request, and none is sent twice.
//
// Owned by an event loop, used under its lock.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "service/curl/setup.h"

namespace msp::http {
class Transfer;
}

namespace msp::curl {

using Clock = std::chrono::steady_clock;

// The options of all connections of a pool. Outlives them.
struct ConnectionOptions {
  std::string base_url;  // Scheme, host, optional port; libcurl ignores the path.
  TransportOptions transport;
};

// The most that one Receive() returns: a TLS record, or more than most answers.
inline constexpr std::size_t kReadBytes = 16 << 10;

// The result of one attempt to send or receive.
struct IoResult {
  enum class Kind : std::uint8_t { kDone, kWouldBlock, kClosed, kFailed };
  Kind kind = Kind::kDone;
  std::size_t bytes = 0;     // For kDone, at least one.
  CURLcode code = CURLE_OK;  // For kFailed.
};

class Connection {
 public:
  explicit Connection(const ConnectionOptions& options);
  // Closes the connection.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The connection that `easy` belongs to.
  static Connection& Of(CURL* easy);

  // Begins to connect; `multi`, which outlives the connection, reports the end of that. False when
  // libcurl refuses (no memory).
  bool Open(CURLM* multi);
  // Called when `multi` reports the connection as ready. False when its socket cannot be found.
  bool SetEstablished(Clock::time_point now);

  // Sends at most 16 KiB, so one TLS record: bytes that are not counted as sent cannot have been
  // read.
  IoResult Send(std::string_view bytes);
  IoResult Receive(char* buffer, std::size_t size);
  // True when there is a byte to read, or the end. A TLS record without data, such as a session
  // ticket, is consumed and does not count.
  bool HasInput();

  // libcurl's text for `code` and the system's or OpenSSL's reason, without request data.
  std::string Detail(CURLcode code) const;
  std::int64_t connect_us() const;
  std::int64_t tls_us() const;

  int fd() const { return fd_; }
  Clock::time_point established_at() const { return established_at_; }

  http::Transfer* transfer = nullptr;  // Uses the connection or waits for it; null when idle.
  bool used = false;                   // Carried a request before.
  bool watches_output = false;         // Its event loop waits for it to be writable.
  Clock::time_point idle_since;

 private:
  CURL* const easy_;
  const bool ready_;  // Whether all options could be set.
  CURLM* multi_ = nullptr;
  int fd_ = -1;
  Clock::time_point established_at_;
};

}  // namespace msp::curl
