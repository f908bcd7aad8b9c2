// SPDX-License-Identifier: Apache-2.0

// A local MultiSafepay: REST API, payment and 3-D Secure pages, webhooks and faults on one port.
//
// Usable in-process by tests and by `--api_url=sandbox`; `msp-sandbox` is this class with flags. It
// moves no money and accepts public test cards only. Start and destruction from one thread; the
// rest is safe from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sandbox/core/settings.h"

namespace msp::sandbox {

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 picks one
  // An address that is not loopback is refused without this.
  bool allow_non_loopback = false;
  // Both or none: https with this certificate and key (PEM).
  std::string tls_cert_file;
  std::string tls_key_file;
  // Address of the pages as customers reach it; derived from host and port when empty.
  std::string public_url;
  int connections_max = 4096;

  // The state machine's settings where the documentation is ambiguous.
  Settings settings;

  // The clock is frozen and moves only by /_sandbox/clock.
  bool freeze_clock = false;
  // Unix seconds at which the clock starts; 0 means now.
  std::int64_t start_time_s = 0;

  // Refuse the header spelled `Api_Key`, as the real server reportedly does.
  bool strict_key_header = false;
  // Faults per request by X-Sandbox-Fault.
  bool allow_header_faults = false;

  // JSON files: the initial state, and the final state to write. Empty means none.
  std::string snapshot_in;
  std::string snapshot_out;

  // Takes one line (without its end) for each request: method, path, status, order id,
  // milliseconds; never a body, a key or a card number. Called from many threads. Empty means no
  // log.
  std::function<void(std::string_view line)> log;
};

class Front;
class Listener;

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(Options options);
  // Stops listening, ends every connection, waits for all threads.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  // "http://127.0.0.1:PORT/v1/json"
  std::string base_url() const;
  // "http://127.0.0.1:PORT", for pages and the control API.
  std::string origin() const;

 private:
  Server();
  std::unique_ptr<Front> front_;
  std::unique_ptr<Listener> listener_;
  std::string origin_;
};

}  // namespace msp::sandbox
