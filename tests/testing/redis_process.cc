// SPDX-License-Identifier: Apache-2.0

#include "tests/testing/redis_process.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/testing/free_port.h"

namespace msp::testing {
namespace {

// redis-tools carries the whole program under the name of its file checker; it goes by the name
// that it is called by.
constexpr const char* kPrograms[] = {"/usr/bin/redis-server", "/usr/bin/redis-check-rdb"};

std::string Program(const std::string& folder) {
  for (const char* program : kPrograms) {
    if (access(program, X_OK) != 0) continue;
    const std::string link = folder + "/redis-server";
    std::filesystem::create_symlink(program, link);
    return link;
  }
  std::fputs("there is no Redis here; the Debian package redis-tools brings it\n", stderr);
  std::abort();
}

}  // namespace

RedisProcess::RedisProcess() {
  char folder[] = "/tmp/msp-redis-XXXXXX";
  if (mkdtemp(folder) == nullptr) std::abort();
  folder_ = folder;
  Program(folder_);
  port_ = FreePort();
  Start();
}

RedisProcess::~RedisProcess() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisProcess::Kill() {
  if (process_ == nullptr) return;
  process_->Signal(SIGKILL);
  process_->Wait();
  process_.reset();
}

void RedisProcess::Start() {
  process_ = std::make_unique<ChildProcess>(
      folder_ + "/redis-server",
      std::vector<std::string>{"--bind", "127.0.0.1", "--port", std::to_string(port_), "--save", "",
                               "--appendonly", "no", "--dir", folder_});
  process_->WaitForOutput("Ready to accept connections");
}

}  // namespace msp::testing
