// SPDX-License-Identifier: Apache-2.0

// An HTTP proxy on a free port of the loopback that answers CONNECT and passes bytes on. It keeps
// all that clients send to it, which is what a proxy on the way can read. One for each test.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "service/base/mutex.h"

namespace msp::testing {

class ConnectProxy {
 public:
  ConnectProxy();
  ~ConnectProxy();
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  // Bytes of all clients, as they came.
  std::string read() const;

 private:
  void Accept();
  void Serve(int client);
  // Until either end closes. Keeps what goes to the server.
  void Pass(int from, int to, bool keep);
  void Own(int fd);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  mutable Mutex mutex_;
  std::string read_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> fds_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace msp::testing
