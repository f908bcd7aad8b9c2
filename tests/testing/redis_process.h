// SPDX-License-Identifier: Apache-2.0

// A real Redis on a free port of the loopback, in memory only; killed and started again on the same
// port when a test wants that. Debian's redis-server, or the same program as redis-tools brings it.
// Used by one test thread at a time.
#pragma once

#include <memory>
#include <string>

#include "tests/testing/child_process.h"

namespace msp::testing {

class RedisProcess {
 public:
  // Ends the test program when there is no Redis on this machine.
  RedisProcess();
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  int port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  // Ends it as a power cut would: what it held is gone.
  void Kill();
  // Starts it again, empty.
  void Start();

 private:
  std::string folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace msp::testing
