// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/server_process.h"

#include <csignal>
#include <cstdlib>

namespace msp::testing {
namespace {

std::vector<std::string> Arguments(const std::string& api_url, std::vector<std::string> more) {
  std::vector<std::string> arguments{"--api_url=" + api_url, "--listen=127.0.0.1:0",
                                     "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::map<std::string, std::string> Variables(std::map<std::string, std::string> variables) {
  variables.emplace("MSP_API_KEY", kServerKey);
  return variables;
}

// The text of a member of a JSON object in one line, without escapes.
std::string Member(const std::string& line, const std::string& name) {
  const std::string start = "\"" + name + "\":\"";
  const std::size_t at = line.find(start);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + start.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

}  // namespace

std::string ServerProgram() {
  const char* program = std::getenv("MSP_SERVER_PROGRAM");
  return program == nullptr ? MSP_SERVER_PROGRAM_DEFAULT : program;
}

ServerProcess::ServerProcess(const std::string& api_url, std::vector<std::string> arguments,
                             std::map<std::string, std::string> variables)
    : process_(ServerProgram(), Arguments(api_url, std::move(arguments)),
               Variables(std::move(variables))),
      ready_line_(process_.WaitForOutput("\"event\":\"serving\"")),
      address_(Member(ready_line_, "listen")),
      ops_(Member(ready_line_, "ops")) {}

int ServerProcess::Stop() {
  process_.Signal(SIGTERM);
  return process_.Wait();
}

}  // namespace msp::testing
