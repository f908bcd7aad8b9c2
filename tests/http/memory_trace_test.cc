// SPDX-License-Identifier: Apache-2.0

// No copy of a request's body is left in the process once it has ended, with memory scrubbed. A
// program of its own: the upstream, which does remember bodies, runs in a child process, and
// scrubbing is decided once.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "service/base/hash.h"
#include "service/base/text.h"
#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

constexpr char kMask = 0x55;

// A number that exists nowhere in memory but in the bodies made of it: kept masked.
class Secret {
 public:
  Secret() : masked_(RandomBytes(24)) {
    for (char& c : masked_) c = static_cast<char>(('0' + (c & 7)) ^ kMask);
  }
  // A body of `size` bytes with the number at its start, middle and end.
  std::string Body(std::size_t size) const {
    std::string body(size, '.');
    for (const std::size_t at : {std::size_t{0}, size / 2, size - masked_.size()}) {
      for (std::size_t i = 0; i < masked_.size(); ++i) {
        body[at + i] = static_cast<char>(masked_[i] ^ kMask);
      }
    }
    return body;
  }
  // How often the number stands in this process's writable memory.
  int CountInMemory() const {
    int count = 0;
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
      unsigned long begin = 0;
      unsigned long end = 0;
      char access[8] = "";
      // The kernel's own numbers.  NOLINTNEXTLINE(cert-err34-c)
      if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) != 3) continue;
      if (access[0] != 'r' || access[1] != 'w' || line.find("[v") != std::string::npos) continue;
      count += CountIn(reinterpret_cast<const volatile char*>(begin), end - begin);
    }
    return count;
  }

 private:
  int CountIn(const volatile char* memory, std::size_t size) const {
    int count = 0;
    for (std::size_t at = 0; at + masked_.size() <= size; ++at) {
      std::size_t i = 0;
      while (i < masked_.size() && static_cast<char>(memory[at + i] ^ kMask) == masked_[i]) ++i;
      if (i == masked_.size()) ++count;
    }
    return count;
  }

  std::string masked_;
};

// An upstream in a child process, ended with this object.
class DistantUpstream {
 public:
  DistantUpstream() {
    int pipes[2];
    if (pipe(pipes) != 0) std::abort();
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Upstream upstream;
      const std::string url = upstream.url();
      if (write(pipes[1], url.c_str(), url.size() + 1) < 0) _exit(1);
      for (;;) pause();
    }
    char bytes[64] = "";
    if (read(pipes[0], bytes, sizeof bytes) <= 0) std::abort();
    url_ = bytes;
    close(pipes[0]);
    close(pipes[1]);
  }
  ~DistantUpstream() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  const std::string& url() const { return url_; }

 private:
  pid_t child_ = -1;
  std::string url_;
};

TEST(MemoryTrace, NothingOfABodyStaysBehind) {
  DistantUpstream upstream;
  auto pool = PoolOf(OptionsFor(upstream.url()));
  for (const std::size_t size : {500U, 2'000U, 12'000U, 70'000U, 400'000U}) {
    const Secret secret;
    {
      std::string body = secret.Body(size);
      ASSERT_GE(secret.CountInMemory(), 3) << "the search finds nothing at all";
      ZeroizeString(body);
    }
    ASSERT_EQ(secret.CountInMemory(), 0) << "the test itself leaves traces";
    ASSERT_EQ(RestCall(*pool, Post(secret.Body(size))).status, 200);
    EXPECT_EQ(secret.CountInMemory(), 0) << size;
  }
}

}  // namespace
}  // namespace msp::http
