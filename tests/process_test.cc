// SPDX-License-Identifier: Apache-2.0

#include "service/process.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "gtest/gtest.h"

namespace msp {
namespace {

// What `run` says, in a child process, since these settings have no way back.
template <class Run>
int InChild(Run run) {
  const pid_t child = fork();
  if (child == 0) _exit(run());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Hides from the compiler that a block was freed: reading it is the point.
const volatile char* Opaque(void* block) {
  auto address = reinterpret_cast<std::uintptr_t>(block);
  asm volatile("" : "+r"(address));
  return reinterpret_cast<const volatile char*>(address);
}

// glibc writes two words of its own into a freed block.
constexpr std::size_t kOwnBytes = 16;

// The bytes of a freed block that still hold what was there.
int LeftBehind(void (*release)(char* block)) {
  auto* const block = static_cast<char*>(std::malloc(200));
  const volatile char* const place = Opaque(block);
  std::memset(block, '4', 200);
  release(block);
  int left = 0;
  for (std::size_t i = kOwnBytes; i < 200; ++i) left += place[i] == '4' ? 1 : 0;
  return left;
}

void Free(char* block) { std::free(block); }
// A new place, the old one freed by it.
void Grow(char* block) { std::free(std::realloc(block, 100'000)); }

TEST(Process, IsNotDumpedUnlessAllowed) {
  const auto hardened = [](bool allow_dumps) {
    return InChild([&] {
      if (!HardenProcess({.allow_dumps = allow_dumps}).ok()) return 9;
      rlimit core{};
      getrlimit(RLIMIT_CORE, &core);
      const bool no_core = core.rlim_cur == 0 && core.rlim_max == 0;
      return prctl(PR_GET_DUMPABLE) + (no_core ? 0 : 2);
    });
  };
  EXPECT_EQ(hardened(false), 0);
  EXPECT_EQ(hardened(true) & 1, 1);
}

TEST(Process, ScrubsWhatItFreesFromThenOn) {
  EXPECT_EQ(InChild([] { return LeftBehind(&Free) > 100 ? 0 : 1; }), 0) << "off, nothing is done";
  const auto left = [](void (*release)(char*)) {
    return InChild([&] {
      auto* const before = static_cast<char*>(std::malloc(50));
      if (!HardenProcess({.scrub_memory = true}).ok()) return 200;
      std::free(before);
      return LeftBehind(release);
    });
  };
  EXPECT_EQ(left(&Free), 0);
  EXPECT_EQ(left(&Grow), 0);
}

TEST(Process, ReallocKeepsTheContentWhileScrubbing) {
  EXPECT_EQ(InChild([] {
              ZeroizeFreedMemory();
              for (const std::size_t from : {1U, 24U, 100U, 5'000U, 300'000U}) {
                for (const std::size_t to : {1U, 23U, 101U, 4'000U, 200'000U}) {
                  auto* block = static_cast<char*>(std::realloc(nullptr, from));
                  std::memset(block, 'x', from);
                  block = static_cast<char*>(std::realloc(block, to));
                  const std::size_t kept = from < to ? from : to;
                  if (block == nullptr || malloc_usable_size(block) < to) return 1;
                  for (std::size_t i = 0; i < kept; ++i) {
                    if (block[i] != 'x') return 2;
                  }
                  std::free(block);
                }
              }
              std::free(nullptr);
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace msp
