// SPDX-License-Identifier: Apache-2.0

// The sandbox's own HTTP parser on arbitrary bytes: it never reads past what is there, and more
// bytes behind a complete head never change what the head said.
#include <cstdint>
#include <string>

#include "sandbox/http/message.h"
#include "tests/fuzz/require.h"

namespace msp::sandbox {
namespace {

using fuzz::Require;

void Head(std::string_view bytes) {
  HttpRequest request;
  HeadFacts facts;
  if (ParseHead(bytes, &request, &facts) != ParseResult::kComplete) return;
  Require(facts.head_bytes <= bytes.size() && facts.head_bytes <= kHeadBytesMax,
          "the head ends within the bytes");
  Require(request.headers.size() <= kHeaderCountMax, "the headers are bounded");
  std::string value;
  request.QueryValue("a", &value);
  request.QueryValues("a");
  HttpRequest again;
  HeadFacts same;
  const std::string longer =
      std::string(bytes.substr(0, facts.head_bytes)) + "GET / HTTP/1.1\r\n\r\n";
  Require(ParseHead(longer, &again, &same) == ParseResult::kComplete &&
              same.head_bytes == facts.head_bytes && again.path == request.path &&
              again.headers == request.headers,
          "what follows a head does not change it");
}

void Chunked(std::string_view bytes) {
  std::string body;
  std::size_t consumed = 0;
  if (ParseChunked(bytes, &body, &consumed) != ParseResult::kComplete) return;
  Require(consumed <= bytes.size(), "the body ends within the bytes");
  Require(body.size() <= kBodyBytesMax && body.size() < consumed, "the body is bounded");
}

}  // namespace
}  // namespace msp::sandbox

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  msp::sandbox::Head(bytes);
  msp::sandbox::Chunked(bytes);
  return 0;
}
