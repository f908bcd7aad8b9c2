// SPDX-License-Identifier: Apache-2.0

// Counts the heap allocations of a program that runs, by the stack that asked for them: a shared
// library for LD_PRELOAD. `./run bench --only alloc` loads it into msp-server, switches it on for
// some calls and reads what it counted.
//
// usage: LD_PRELOAD=liballoc_count.so MSP_ALLOC_COUNT=FILE program
//
// FILE is memory shared with the process that maps it: a Header and then kSlots of Slot. Writing 1
// into `on` starts the count. FILE.modules says where each library was loaded: "base end path" a
// line.
//
// malloc, calloc, realloc, the aligned kinds and operator new are counted. realloc counts once
// however little it grows. The stack is unwound at each allocation, which is slow and changes no
// count.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <mimalloc.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace {

constexpr std::size_t kFrames = 24;
constexpr std::size_t kSlots = 1 << 14;
constexpr std::uint64_t kMagic = 0x314343414d50534dU;

struct Header {
  std::uint64_t magic;
  std::atomic<std::uint64_t> on;
  std::atomic<std::uint64_t> dropped;  // Allocations whose stack found no free slot.
  std::uint64_t slots;
  std::uint64_t frames;
};

struct Slot {
  std::atomic<std::uint64_t> hash;  // 0: free.
  std::atomic<std::uint64_t> count;
  std::atomic<std::uint64_t> bytes;
  std::array<std::uint64_t, kFrames> frames;  // The innermost first; 0 ends them.
};

Header* header = nullptr;
Slot* slots = nullptr;

// The allocator that this library stands in front of.
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct Stack {
  std::array<std::uint64_t, kFrames> frames{};
  std::size_t count = 0;
  std::size_t skipped = 0;
};

_Unwind_Reason_Code OnFrame(_Unwind_Context* context, void* out) {
  auto& stack = *static_cast<Stack*>(out);
  constexpr std::size_t kOwn = 2;  // Count, and malloc itself.
  if (stack.skipped++ < kOwn) return _URC_NO_REASON;
  if (stack.count == kFrames) return _URC_END_OF_STACK;
  stack.frames[stack.count++] = _Unwind_GetIP(context);
  return _URC_NO_REASON;
}

thread_local bool counting __attribute__((tls_model("initial-exec"))) = false;

__attribute__((noinline)) void Count(std::size_t size) {
  if (header == nullptr || header->on.load(std::memory_order_relaxed) == 0 || counting) return;
  counting = true;
  Stack stack;
  _Unwind_Backtrace(OnFrame, &stack);
  std::uint64_t hash = 14695981039346656037U;
  for (std::size_t i = 0; i < stack.count; ++i) hash = (hash ^ stack.frames[i]) * 1099511628211U;
  hash |= 1;
  bool found = false;
  for (std::size_t step = 0; step < kSlots && !found; ++step) {
    Slot& slot = slots[((hash >> 8) + step) % kSlots];
    std::uint64_t held = 0;
    if (slot.hash.compare_exchange_strong(held, hash)) {
      slot.frames = stack.frames;
      held = hash;
    }
    found = held == hash;
    if (!found) continue;
    slot.count.fetch_add(1, std::memory_order_relaxed);
    slot.bytes.fetch_add(size, std::memory_order_relaxed);
  }
  if (!found) header->dropped.fetch_add(1, std::memory_order_relaxed);
  counting = false;
}

int OnModule(dl_phdr_info* info, std::size_t /*size*/, void* out) {
  std::uint64_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD) end = std::max<std::uint64_t>(end, part.p_vaddr + part.p_memsz);
  }
  std::fprintf(static_cast<std::FILE*>(out), "%llx %llx %s\n",
               static_cast<unsigned long long>(info->dlpi_addr),
               static_cast<unsigned long long>(info->dlpi_addr + end), info->dlpi_name);
  return 0;
}

__attribute__((constructor)) void Open() {
  const char* path = std::getenv("MSP_ALLOC_COUNT");
  if (path == nullptr) return;
  const std::size_t size = sizeof(Header) + kSlots * sizeof(Slot);
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, static_cast<off_t>(size)) != 0) std::abort();
  void* shared = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) std::abort();
  std::FILE* modules = std::fopen((std::string(path) + ".modules").c_str(), "we");
  if (modules == nullptr) std::abort();
  dl_iterate_phdr(OnModule, modules);
  std::fclose(modules);
  auto* const opened = static_cast<Header*>(shared);
  opened->magic = kMagic;
  opened->slots = kSlots;
  opened->frames = kFrames;
  slots = reinterpret_cast<Slot*>(opened + 1);
  header = opened;
}

}  // namespace

// These take the place of mimalloc's override; msp-server's own realloc hands on to mi_realloc
// (service/zeroize_freed_memory.cc).
extern "C" {

void* malloc(std::size_t size) noexcept {
  Count(size);
  return mi_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  Count(count * size);
  return mi_calloc(count, size);
}

void* mi_realloc(void* block, std::size_t size) noexcept {
  static auto* const next = Next<void*(void*, std::size_t)>("mi_realloc");
  Count(size);
  return next(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  Count(size);
  return mi_memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  Count(size);
  return mi_posix_memalign(out, alignment, size);
}

}  // extern "C"

void* operator new(std::size_t size) {
  Count(size);
  return mi_new(size);
}

void* operator new[](std::size_t size) {
  Count(size);
  return mi_new(size);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  Count(size);
  return mi_new_nothrow(size);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  Count(size);
  return mi_new_aligned(size, static_cast<std::size_t>(alignment));
}
