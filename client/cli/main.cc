// SPDX-License-Identifier: Apache-2.0

// msp: the command-line client.

#include <google/protobuf/stubs/logging.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/run.h"

int main(int argc, char** argv) {
  // protobuf prints invalid UTF-8 to stderr, which may quote card data.
  google::protobuf::SetLogHandler(nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // No other thread yet. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* server = std::getenv(msp::cli::kServerVariable.data());
  msp::cli::CommandIo io{std::cin, std::cout, std::cerr, server == nullptr ? "" : server};
  return msp::cli::Run(std::vector<std::string>(argv + 1, argv + argc), io);
}
