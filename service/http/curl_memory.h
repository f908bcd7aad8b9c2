// Memory for libcurl that is overwritten before it goes back to the allocator: libcurl assembles a
// request, key and card number included, in blocks of its own, and frees them as they are. Any
// thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>

namespace msp::http {

// Initialises libcurl for the whole process with the functions below. Before any other use of
// libcurl.
CURLcode InitCurlWithScrubbing();

// Overwrites the whole block, which came from malloc; null is fine.
void Scrub(void* block);
// Frees a block after overwriting it.
void ScrubbingFree(void* block);
// Like realloc, but a block that moves is overwritten at its old place.
void* ScrubbingRealloc(void* block, std::size_t size);

}  // namespace msp::http
