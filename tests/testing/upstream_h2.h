// A scripted HTTP/2 server over TLS, as far as tests of sending twice need one: it counts the
// requests that arrive whole and answers 200 {}, or ends a stream or the connection in HTTP/2's own
// ways. It does not decode headers, and it serves the requests of a connection one after the other.
//
//   UpstreamH2 upstream;
//   upstream.Script([](int connection, int on_connection) { return
//   UpstreamH2::Action::kRefuseStream; });
//
// Everything public may be called from any thread; scripts run on a connection's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "service/base/mutex.h"
#include "tests/testing/certificate.h"

namespace msp::testing {

class UpstreamH2 {
 public:
  enum class Action : std::uint8_t {
    kAnswer,
    kRefuseStream,  // RST_STREAM with REFUSED_STREAM: "not processed, you may send it again".
    kFailStream,    // RST_STREAM with INTERNAL_ERROR.
    kGoAway,        // GOAWAY that counts no stream as processed; the client is to hang up.
    kClose,         // The end of the connection without a word.
    kReset,         // Its reset.
  };

  UpstreamH2();
  ~UpstreamH2();
  UpstreamH2(const UpstreamH2&) = delete;
  UpstreamH2& operator=(const UpstreamH2&) = delete;

  std::string url() const;        // "https://127.0.0.1:PORT"
  std::string named_url() const;  // "https://upstream.test:PORT"
  const std::string& ca_file() const { return certificate_.ca_file(); }

  // What happens to requests from now on, by the number of the connection and of the request on it.
  void Script(std::function<Action(int connection, int on_connection)> script);
  // The number of requests that arrived whole.
  int requests() const;
  int connections() const;

 private:
  struct Connection;

  void Accept();
  void Serve(Connection& connection);
  bool ServeFrame(Connection& connection);
  bool Act(Connection& connection, std::uint32_t stream);

  Certificate certificate_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;

  mutable Mutex mutex_;
  std::function<Action(int, int)> script_ ABSL_GUARDED_BY(mutex_);
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace msp::testing
