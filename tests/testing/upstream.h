// SPDX-License-Identifier: Apache-2.0

// A scripted HTTP/1.1 server on the loopback: it answers what a test says, misbehaves when a test
// says so, and remembers every request that arrived, byte for byte. Raw sockets, one thread a
// connection.
//
//   Upstream upstream;                                  // Answers 200 {} to everything.
//   upstream.Answer(200, R"({"success":true})");        // ... this from now on.
//   upstream.Script([](const RecordedRequest& request) {
//     return request.method == "POST" ? Reply::Close(CloseMode::kRst) : Reply::Json(200, "{}");
//   });
//   ... use upstream.url() or upstream.named_url() ...
//   EXPECT_EQ(upstream.Count("POST"), 1);
//
// A script runs on the connection's thread once the request has been read whole, and may block on a
// Gate to hold the answer back. Everything public may be called from any thread. The destructor
// cuts every connection and joins the threads, so gates that scripts wait for must have been opened
// by then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "service/base/mutex.h"
#include "tests/testing/authority.h"
#include "tests/testing/gate.h"
#include "tests/testing/upstream_message.h"

namespace msp::testing {

class Upstream {
 public:
  enum class Transport : std::uint8_t { kPlain, kTls };
  explicit Upstream(Transport transport = Transport::kPlain);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // "http://127.0.0.1:PORT" and "http://upstream.test:PORT" (https with TLS); the latter goes
  // through the threaded resolver.
  std::string url() const { return Url("127.0.0.1"); }
  std::string named_url() const;
  int port() const { return port_; }
  // PEM file of the authority that signed the server's certificate; TLS only.
  const std::string& ca_file() const { return certificate_->ca_file(); }

  // What is answered from now on.
  void Answer(int status, std::string body);
  void Script(std::function<Reply(const RecordedRequest&)> script);
  // Asked after the header block and before the body is read; a reply here is sent at once, and the
  // body is read and dropped afterwards (or never, when the reply ends the connection).
  void ScriptEarly(std::function<std::optional<Reply>(const RecordedRequest& head)> script);
  // New connections are ended like this before anything is read from them; kKeepAlive takes it
  // back.
  void RefuseConnections(CloseMode mode);

  // Ends all connections that wait for their next request. When it returns, the end has arrived at
  // the client's socket (where the client lives in this process).
  void CloseIdle(CloseMode mode);
  // Sends these bytes, which nobody asked for, on all connections that wait for their next request,
  // and returns when they have arrived (where the client lives in this process). Not with TLS.
  void SendToIdle(const std::string& bytes);

  // A copy of what has arrived so far, each request recorded once its last byte was read.
  std::vector<RecordedRequest> requests() const;
  // The number of recorded requests with this method.
  int Count(std::string_view method) const;
  // The number of connections accepted so far.
  int connections() const;
  // Return once that many requests have arrived, that many connections wait for their next request,
  // or that many have ended; end the process when that does not happen within kWaitMax.
  void WaitForRequests(std::size_t count) const;
  void WaitForIdle(int count) const;
  void WaitForEnded(int count) const;

 private:
  struct Connection;

  std::string Url(std::string_view host) const;
  void Accept();
  void Serve(Connection& connection);
  bool ServeOne(Connection& connection, std::string& buffer, int ordinal);
  bool SetIdle(Connection& connection, bool idle);
  bool Send(Connection& connection, const Reply& reply);

  std::optional<Certificate> certificate_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::function<Reply(const RecordedRequest&)> script_ ABSL_GUARDED_BY(mutex_);
  std::function<std::optional<Reply>(const RecordedRequest&)> early_ ABSL_GUARDED_BY(mutex_);
  CloseMode refuse_ ABSL_GUARDED_BY(mutex_) = CloseMode::kKeepAlive;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<RecordedRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace msp::testing
