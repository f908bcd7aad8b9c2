// `free` and `realloc` of the whole program, libraries included: as glibc's, but with
// --scrub_memory a block is overwritten before it goes back. gRPC, protobuf, libcurl and OpenSSL
// make copies of a request that none of them wipes; this way they do not outlive their use.
//
// It works because a program's own `free` takes the place of libc's for every library that it
// loads, `operator delete` included, and hands on to the same allocator: blocks are glibc's all
// along, and switching it on in mid-life is safe. Off, it costs one relaxed load a call.
//
// Not reached: what never is freed (live buffers, so idle connections are closed), the stack, and a
// block that realloc shrinks in place down to half of its size; its tail is overwritten when it is
// freed.
#include <malloc.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "service/process.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define MSP_OWN_FREE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MSP_OWN_FREE 0
#else
#define MSP_OWN_FREE 1
#endif
#else
#define MSP_OWN_FREE 1
#endif

#if MSP_OWN_FREE

namespace {

// Constant-initialised: `free` runs before any constructor does.
std::atomic<bool> scrub_freed_memory{false};

bool Scrubs() { return scrub_freed_memory.load(std::memory_order_relaxed); }

}  // namespace

// glibc's own names, which it exports for allocators that stand in front of it.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
void __libc_free(void* block);
void* __libc_malloc(std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

void free(void* block) noexcept {
  if (Scrubs() && block != nullptr) explicit_bzero(block, malloc_usable_size(block));
  __libc_free(block);
}

void* realloc(void* block, std::size_t size) noexcept {
  if (!Scrubs() || block == nullptr || size == 0) {
    if (block != nullptr && size == 0) {
      free(block);
      return nullptr;
    }
    return __libc_realloc(block, size);
  }
  // glibc's would move the content and free the old place as it is.
  const std::size_t held = malloc_usable_size(block);
  if (size <= held && size > held / 2) return block;
  void* const moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, std::min(size, held));
  free(block);
  return moved;
}

}  // extern "C"

namespace msp {

bool ScrubFreedMemory() {
  scrub_freed_memory.store(true, std::memory_order_relaxed);
  return true;
}

}  // namespace msp

#else

namespace msp {

bool ScrubFreedMemory() { return false; }

}  // namespace msp

#endif
