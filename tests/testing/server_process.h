// SPDX-License-Identifier: Apache-2.0

// A running msp-server: started on a free port of the loopback, ready when the constructor returns,
// killed by the destructor. The program is the one that was built beside the tests, or
// MSP_SERVER_PROGRAM from the environment. Knows no gRPC: a test dials `address()` itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/testing/child_process.h"

namespace msp::testing {

inline constexpr char kServerKey[] = "abcde-12345-key-of-the-site";

// The path of the msp-server under test.
std::string ServerProgram();

class ServerProcess {
 public:
  // Serves calls to MultiSafepay at `api_url`. Later arguments beat the defaults here, which are:
  // free ports, no drain delay, and the key kServerKey.
  explicit ServerProcess(const std::string& api_url, std::vector<std::string> arguments = {},
                         std::map<std::string, std::string> variables = {});

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  // The operators' port, likewise; "" when it is off.
  const std::string& ops() const { return ops_; }
  // The JSON line that said so.
  const std::string& ready_line() const { return ready_line_; }
  ChildProcess& process() { return process_; }
  // Everything that it printed so far, on both streams.
  std::string logs() const { return process_.output() + process_.error(); }
  // Asks it to end, as an orchestrator does, and returns the exit code.
  int Stop();

 private:
  ChildProcess process_;
  std::string ready_line_;
  std::string address_;
  std::string ops_;
};

}  // namespace msp::testing
