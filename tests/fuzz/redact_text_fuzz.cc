// SPDX-License-Identifier: Apache-2.0

// Texts from outside on their way into logs and errors: whatever comes in, no run of digits that
// could be a card number, no control character and no invalid UTF-8 comes out.
#include <algorithm>
#include <cstdint>
#include <string>

#include "service/base/text.h"
#include "service/codec/redact.h"
#include "tests/fuzz/require.h"

namespace msp::codec {
namespace {

using fuzz::Require;

// The longest run of digits, as a person reads it: spaces, dashes and dots do not end it.
int LongestRun(std::string_view text) {
  int longest = 0, run = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      longest = std::max(longest, ++run);
    } else if (c != ' ' && c != '-' && c != '.') {
      run = 0;
    }
  }
  return longest;
}

void Run(std::string_view text, std::size_t bytes_max) {
  const std::string clean = RedactedText(text, bytes_max);
  Require(clean.size() <= bytes_max, "the bound holds");
  Require(LongestRun(clean) < 12, "no card number is left", clean);
  for (const char c : clean)
    Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character is left");
  Require(CodePoints(clean) >= 0, "what is left is UTF-8", clean);
  Require(RedactedText(clean, bytes_max) == clean, "what is clean stays as it is", clean);
}

}  // namespace
}  // namespace msp::codec

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t bytes_max = data[0] < 128 ? 512 : data[1];
  msp::codec::Run({reinterpret_cast<const char*>(data + 2), size - 2}, bytes_max);
  return 0;
}
