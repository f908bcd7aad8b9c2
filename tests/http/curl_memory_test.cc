#include "service/http/curl_memory.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

// Hides from the compiler how long the block was asked to be; the allocator's own reserve is ours
// too.
char* Opaque(void* block) {
  asm volatile("" : "+r"(block));
  return static_cast<char*>(block);
}

TEST(CurlMemory, ScrubOverwritesTheWholeBlock) {
  char* const block = Opaque(std::malloc(100));
  const std::size_t held = malloc_usable_size(block);
  std::memset(block, '4', held);
  Scrub(block);
  EXPECT_EQ(std::string_view(block, held).find_first_not_of('\0'), std::string_view::npos);
  std::free(block);
  Scrub(nullptr);
  ScrubbingFree(nullptr);
}

TEST(CurlMemory, ReallocKeepsTheContentWhateverTheSizes) {
  for (const std::size_t from : {1U, 24U, 100U, 5000U}) {
    for (const std::size_t to : {1U, 23U, 101U, 4000U, 200'000U}) {
      char* block = Opaque(ScrubbingRealloc(nullptr, from));
      std::memset(block, 'x', from);
      block = Opaque(ScrubbingRealloc(block, to));
      ASSERT_NE(block, nullptr);
      EXPECT_GE(malloc_usable_size(block), to);
      const std::size_t kept = from < to ? from : to;
      EXPECT_EQ(std::string_view(block, kept).find_first_not_of('x'), std::string_view::npos);
      ScrubbingFree(block);
    }
  }
}

}  // namespace
}  // namespace msp::http
