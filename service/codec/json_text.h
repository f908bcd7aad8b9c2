// SPDX-License-Identifier: Apache-2.0

// JSON text of single values, for encode and redact. Inline, since every member uses it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "service/base/text.h"

namespace msp::codec {

// Sixteen bytes that are compared together, on every processor that g++ and clang support.
using Bytes16 = unsigned char __attribute__((vector_size(16)));

// True when one of the bytes needs an escape in JSON: below 0x20, '"' or '\\'.
inline bool NeedEscape(Bytes16 bytes) {
  const auto wrong = (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
  std::uint64_t halves[2] = {};
  std::memcpy(halves, &wrong, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// Copies two Halves, the first and the last of a text, which together cover it. False, without
// copying, where an escape is needed.
template <class Half>
bool CopyHalves(std::string_view text, char* out) {
  Half halves[16 / sizeof(Half)] = {};
  for (std::size_t i = 0; i < std::size(halves); i += 2) {
    std::memcpy(&halves[i], text.data(), sizeof(Half));
    std::memcpy(&halves[i + 1], text.data() + text.size() - sizeof(Half), sizeof(Half));
  }
  Bytes16 bytes;
  std::memcpy(&bytes, halves, sizeof bytes);
  if (NeedEscape(bytes)) return false;
  std::memcpy(out, &halves[0], sizeof(Half));
  std::memcpy(out + text.size() - sizeof(Half), &halves[1], sizeof(Half));
  return true;
}

// Copies a text that needs no escape in JSON to `out`, sixteen bytes at a time. False for any other
// text; what `out` holds is then unspecified.
inline bool CopyPlainJson(std::string_view text, char* out) {
  if (text.size() >= 16) {
    Bytes16 bytes;
    for (std::size_t at = 0;; at = std::min(at + 16, text.size() - 16)) {  // The last may overlap.
      std::memcpy(&bytes, text.data() + at, 16);
      if (NeedEscape(bytes)) return false;
      std::memcpy(out + at, &bytes, 16);
      if (at + 16 == text.size()) return true;
    }
  }
  if (text.size() >= 8) return CopyHalves<std::uint64_t>(text, out);
  if (text.size() >= 4) return CopyHalves<std::uint32_t>(text, out);
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') return false;
    *out++ = c;
  }
  return true;
}

inline void AppendText(std::string_view text, std::string& out) {
  // Grows once: fills with quotes, then copies the text over all but the first and the last.
  const std::size_t start = out.size();
  out.append(text.size() + 2, '"');
  if (CopyPlainJson(text, out.data() + start + 1)) return;
  out.resize(start);
  AppendJsonString(text, out);
}

// The maximum length of a number.
inline constexpr std::size_t kNumberBytesMax = 32;

template <class Integer>
void AppendInteger(Integer value, std::string& out) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

// Writes the shortest text that reads back as `value` to the `kNumberBytesMax` bytes at `out`;
// whole numbers that a double represents exactly as integers (90, not 90.0 or 9e+01). Returns its
// end, or null without writing for a value without JSON text.
inline char* PutDouble(double value, char* out) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return nullptr;
  if (std::fabs(value) <= kExactMax && value == std::trunc(value)) {
    return std::to_chars(out, out + kNumberBytesMax, static_cast<std::int64_t>(value)).ptr;
  }
  return std::to_chars(out, out + kNumberBytesMax, value).ptr;
}

// Appends the same to a string; false when nothing was appended.
inline bool AppendDouble(double value, std::string& out) {
  char digits[kNumberBytesMax];
  const char* end = PutDouble(value, digits);
  if (end == nullptr) return false;
  out.append(digits, static_cast<std::size_t>(end - digits));
  return true;
}

}  // namespace msp::codec
