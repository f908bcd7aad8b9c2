// SPDX-License-Identifier: Apache-2.0

// The HTTP/1.1 server of the sandbox: one thread a connection, bounded in every direction.
//
// Owned by `Server`. The handler runs on connection threads, many at once. Destruction aborts every
// connection and waits for its thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "absl/status/statusor.h"
#include "sandbox/http/connection.h"
#include "sandbox/http/message.h"
#include "service/base/mutex.h"

namespace msp::sandbox {

struct ListenerOptions {
  std::string host = "127.0.0.1";
  int port = 0;
  // Above this many connections a new one is closed at once.
  int connections_max = 4096;
  std::int64_t keep_alive_ms = 75'000;
  // From the first byte of a request to its last.
  std::int64_t request_ms = 30'000;
  std::int64_t write_ms = 120'000;
  std::string tls_cert_file;
  std::string tls_key_file;
};

class Listener {
 public:
  struct Handlers {
    // Asked with the head alone; a Delivery ends the exchange before the body is read.
    std::function<std::optional<Delivery>(const HttpRequest&)> on_head;
    std::function<HttpResponse(HttpRequest&)> on_request;
  };

  // Binds, so that the port is known; nothing is accepted before `Serve`, which is called once.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(ListenerOptions options);
  void Serve(Handlers handlers);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  // Connections open now, and ever accepted.
  int connections() const;
  std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }

 private:
  explicit Listener(ListenerOptions options) : options_(std::move(options)) {}
  void AcceptLoop();
  void ServeConnection(Connection& connection);
  bool ServeOne(Connection& connection, std::string* buffer);
  bool ReadBody(Connection& connection, const HeadFacts& facts, std::string* buffer,
                HttpRequest* request, Deadline deadline);
  bool Refuse(Connection& connection, ParseResult why);
  // True when the connection may be used again.
  bool Send(Connection& connection, const HttpRequest& request, const HttpResponse& response);
  void SendUnbounded(Connection& connection, const HttpResponse& response);
  bool SendFaulty(Connection& connection, const HttpResponse& response, const std::string& head);
  // Sleeps unless the listener stops first.
  void Pause(std::int64_t ms);
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  const ListenerOptions options_;
  Handlers handlers_;  // constant once serving
  std::unique_ptr<TlsContext> tls_;
  int fd_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> accepted_{0};
  std::thread acceptor_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::unordered_set<Connection*> connections_ ABSL_GUARDED_BY(mutex_);
  int threads_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace msp::sandbox
