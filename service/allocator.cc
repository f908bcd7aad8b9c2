// The allocator of the whole program, libraries included: mimalloc, and with --scrub_memory a block
// is overwritten before it goes back. gRPC, protobuf, libcurl and OpenSSL make copies of a request
// that none of them wipes; this way they do not outlive their use.
//
// A request's memory is allocated on one thread and freed on another, in more blocks of a size than
// glibc keeps at hand for a thread: its allocator was a sixth of all instructions of a call
// (docs/performance.md).
//
// It works because a program's own functions take the place of libc's and libstdc++'s for every
// library that it loads. Switching the scrubbing on in mid-life is safe: the blocks are mimalloc's
// all along. Off, it costs one relaxed load a call.
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
#include <new>

#include "service/process.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define MSP_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MSP_OWN_ALLOCATOR 0
#else
#define MSP_OWN_ALLOCATOR 1
#endif
#else
#define MSP_OWN_ALLOCATOR 1
#endif

#if MSP_OWN_ALLOCATOR

#include <mimalloc.h>

namespace {

// Constant-initialised: `free` runs before any constructor does.
std::atomic<bool> scrub_freed_memory{false};

bool Scrubs() { return scrub_freed_memory.load(std::memory_order_relaxed); }

void Release(void* block) {
  if (Scrubs() && block != nullptr) explicit_bzero(block, mi_usable_size(block));
  mi_free(block);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept { return mi_malloc(size); }
void* calloc(std::size_t count, std::size_t size) noexcept { return mi_calloc(count, size); }
void free(void* block) noexcept { Release(block); }
std::size_t malloc_usable_size(void* block) noexcept { return mi_usable_size(block); }

void* realloc(void* block, std::size_t size) noexcept {
  if (block != nullptr && size == 0) {
    Release(block);
    return nullptr;
  }
  if (!Scrubs() || block == nullptr) return mi_realloc(block, size);
  // mimalloc's would move the content and free the old place as it is.
  const std::size_t held = mi_usable_size(block);
  if (size <= held && size > held / 2) return block;
  void* const moved = mi_malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, std::min(size, held));
  Release(block);
  return moved;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return mi_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return mi_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  return mi_posix_memalign(block, alignment, size);
}
void* valloc(std::size_t size) noexcept { return mi_valloc(size); }
void* pvalloc(std::size_t size) noexcept { return mi_pvalloc(size); }

}  // extern "C"

// libstdc++'s would call the above; these save the way, and are here lest mimalloc's own, which
// scrub nothing, be chosen.
void* operator new(std::size_t size) { return mi_new(size); }
void* operator new[](std::size_t size) { return mi_new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return mi_new_nothrow(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return mi_new_nothrow(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return mi_new_aligned(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return mi_new_aligned(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return mi_new_aligned_nothrow(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return mi_new_aligned_nothrow(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { Release(block); }
void operator delete[](void* block) noexcept { Release(block); }
void operator delete(void* block, std::size_t) noexcept { Release(block); }
void operator delete[](void* block, std::size_t) noexcept { Release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { Release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { Release(block); }
void operator delete(void* block, std::align_val_t) noexcept { Release(block); }
void operator delete[](void* block, std::align_val_t) noexcept { Release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { Release(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { Release(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  Release(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  Release(block);
}

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
