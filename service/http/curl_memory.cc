#include "service/http/curl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace msp::http {

CURLcode InitCurlWithScrubbing() {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, &std::malloc, &ScrubbingFree, &ScrubbingRealloc,
                              &strdup, &std::calloc);
}

void Scrub(void* block) {
  if (block != nullptr) OPENSSL_cleanse(block, malloc_usable_size(block));
}

void ScrubbingFree(void* block) {
  Scrub(block);
  std::free(block);
}

void* ScrubbingRealloc(void* block, std::size_t size) {
  if (block == nullptr) return std::malloc(size);
  const std::size_t held = malloc_usable_size(block);
  if (size <= held && size > held / 2) return block;
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(size, held));
  ScrubbingFree(block);
  return moved;
}

}  // namespace msp::http
