// SPDX-License-Identifier: Apache-2.0

// A port for plain HTTP beside the calls: a cpp-httplib server on threads of its own. Its user adds
// the handlers and the task queue to `server` before `Start`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"

namespace httplib {
class Server;
}

namespace msp {

class HttpPort {
 public:
  // `timeout`: between two pieces of a request, or of its answer. One request for each connection:
  // a silent or persistent client would occupy a thread.
  HttpPort(std::chrono::seconds timeout, std::size_t body_max);
  // Waits for the last request: some timeouts at most.
  ~HttpPort();

  httplib::Server& server() { return *server_; }
  // Binds `listen` ("host:port"; port 0 picks one) and serves. An address in use is an error.
  absl::Status Start(const std::string& listen);
  // "127.0.0.1:8080", with the port that was bound.
  const std::string& listening() const { return listening_; }

 private:
  const std::unique_ptr<httplib::Server> server_;
  std::string listening_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace msp
