// SPDX-License-Identifier: Apache-2.0

// msp-sandbox: flags, one line when ready, stop on SIGTERM or SIGINT.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "sandbox/flags.h"
#include "sandbox/server.h"

int main(int argc, char** argv) {
  msp::sandbox::CommandLine line;
  const absl::StatusOr<msp::CommandLineAction> asked = msp::sandbox::ParseFlags(argc, argv, &line);
  if (!asked.ok()) {
    std::fprintf(stderr, "msp-sandbox: %s\n", std::string(asked.status().message()).c_str());
    return 2;
  }
  if (*asked == msp::CommandLineAction::kHelp) {
    std::fputs(msp::sandbox::HelpText().c_str(), stdout);
    return 0;
  }
  if (*asked == msp::CommandLineAction::kVersion) {
    std::puts(MSP_VERSION);
    return 0;
  }
  if (!line.quiet) {
    line.options.log = [](std::string_view text) {
      std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
    };
  }
  // A connection is a descriptor; the usual limit of 1024 is less than --connections-max.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  // Blocked before any thread starts, so that only sigwait takes them.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);

  auto server = msp::sandbox::Server::Start(line.options);
  if (!server.ok()) {
    std::fprintf(stderr, "msp-sandbox: --%s\n", std::string(server.status().message()).c_str());
    return 2;
  }
  if (!line.port_file.empty() && !(std::ofstream(line.port_file) << (*server)->port() << '\n')) {
    std::fprintf(stderr, "msp-sandbox: --port-file: cannot write %s\n", line.port_file.c_str());
    return 2;
  }
  const std::string origin = (*server)->origin();
  std::printf("{\"event\":\"serving\",\"listen\":\"%s\",\"api_url\":\"%s\"}\n",
              origin.substr(origin.find("//") + 2).c_str(), (*server)->base_url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stops, &signal);
  return 0;
}
