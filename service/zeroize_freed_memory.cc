// SPDX-License-Identifier: Apache-2.0

// --scrub_memory: every block is zeroized before it returns to mimalloc, also those of libraries.
// gRPC, protobuf, libcurl and OpenSSL make copies of a request that none of them zeroizes.
//
// A program's own functions replace those in the libraries that it loads, including mimalloc's.
// Switching it on at run time is safe: all blocks are mimalloc's. Off, it costs one relaxed load
// per call.
//
// Not reached: live buffers (so idle connections are closed), the stack, and a block that realloc
// shrinks in place down to half of its size; its tail is overwritten when it is freed.
#include <mimalloc.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "service/process.h"

namespace {

// Constant-initialised: `free` runs before any constructor does.
std::atomic<bool> enabled{false};

void Release(void* block) {
  if (block != nullptr && enabled.load(std::memory_order_relaxed))
    explicit_bzero(block, mi_usable_size(block));
  mi_free(block);
}

}  // namespace

extern "C" void free(void* block) noexcept { Release(block); }
extern "C" void* realloc(void* block, std::size_t size) noexcept {
  if (block == nullptr || !enabled.load(std::memory_order_relaxed)) return mi_realloc(block, size);
  // mimalloc's realloc would move the content and free the old block unzeroized.
  const std::size_t held = mi_usable_size(block);
  if (size <= held && size > held / 2) return block;
  void* const moved = size == 0 ? nullptr : mi_malloc(size);
  if (moved != nullptr) memcpy(moved, block, std::min(size, held));
  if (moved != nullptr || size == 0) Release(block);
  return moved;
}

// NOLINTBEGIN(cert-dcl54-cpp,misc-new-delete-overloads): mimalloc has the other halves.
using Align = std::align_val_t;
using NoThrow = const std::nothrow_t&;
void operator delete(void* block) noexcept { Release(block); }
void operator delete[](void* block) noexcept { Release(block); }
void operator delete(void* block, std::size_t) noexcept { Release(block); }
void operator delete[](void* block, std::size_t) noexcept { Release(block); }
void operator delete(void* block, NoThrow) noexcept { Release(block); }
void operator delete[](void* block, NoThrow) noexcept { Release(block); }
void operator delete(void* block, Align) noexcept { Release(block); }
void operator delete[](void* block, Align) noexcept { Release(block); }
void operator delete(void* block, std::size_t, Align) noexcept { Release(block); }
void operator delete[](void* block, std::size_t, Align) noexcept { Release(block); }
// NOLINTEND(cert-dcl54-cpp,misc-new-delete-overloads)

void msp::ZeroizeFreedMemory() { enabled.store(true, std::memory_order_relaxed); }
