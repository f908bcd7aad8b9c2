// JSON text of single values: what encode and redact append. Inline, since every member passes
// here.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "service/base/text.h"

namespace msp::codec {

// Copies a text that needs no escape in JSON (no byte below 0x20, no '"' and no '\') to `out`,
// eight bytes at a time. False for any other text; what `out` holds is then unspecified.
inline bool CopyPlainJson(std::string_view text, char* out) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  // The high bit of each byte of `word` that equals `byte`; exact as a test of "any at all".
  const auto has = [](std::uint64_t word, std::uint8_t byte) {
    const std::uint64_t x = word ^ (kOnes * byte);
    return (x - kOnes) & ~x;
  };
  const auto escapes = [&](std::uint64_t word) {
    const std::uint64_t control = (word - kOnes * 0x20U) & ~word;
    return ((control | has(word, '"') | has(word, '\\')) & kHigh) != 0;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t word = 0;
  for (; left >= 8; at += 8, out += 8, left -= 8) {
    std::memcpy(&word, at, 8);
    if (escapes(word)) return false;
    std::memcpy(out, &word, 8);
  }
  if (left == 0) return true;
  if (text.size() >= 8) {  // The last eight bytes once more, where they overlap.
    std::memcpy(&word, at + left - 8, 8);
    if (escapes(word)) return false;
    std::memcpy(out + left - 8, &word, 8);
    return true;
  }
  if (left >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + left - 4, 4);
    if (escapes(std::uint64_t{first} | std::uint64_t{last} << 32)) return false;
    std::memcpy(out, &first, 4);
    std::memcpy(out + left - 4, &last, 4);
    return true;
  }
  // One to three bytes: the first, the middle and the last are all of them.
  const char three[3] = {at[0], at[left / 2], at[left - 1]};
  for (const char c : three) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') return false;
  }
  out[0] = three[0];
  out[left / 2] = three[1];
  out[left - 1] = three[2];
  return true;
}

inline void AppendText(std::string_view text, std::string& out) {
  // Grows once: quotes all along, then the text over all but the first and the last.
  const std::size_t start = out.size();
  out.append(text.size() + 2, '"');
  if (CopyPlainJson(text, out.data() + start + 1)) return;
  out.resize(start);
  AppendJsonString(text, out);
}

// The longest number that is written here.
inline constexpr std::size_t kNumberBytesMax = 32;

template <class Integer>
void AppendInteger(Integer value, std::string& out) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

// The shortest text that reads back as `value`, written to the `kNumberBytesMax` bytes at `out`;
// whole numbers that a double holds exactly as integers (90, not 90.0 nor 9e+01). Returns its end;
// null, and nothing written, for what JSON has no text for.
inline char* PutDouble(double value, char* out) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return nullptr;
  if (std::fabs(value) <= kExactMax && value == std::trunc(value)) {
    return std::to_chars(out, out + kNumberBytesMax, static_cast<std::int64_t>(value)).ptr;
  }
  return std::to_chars(out, out + kNumberBytesMax, value).ptr;
}

// The same at the end of a string; false when nothing was appended.
inline bool AppendDouble(double value, std::string& out) {
  char digits[kNumberBytesMax];
  const char* end = PutDouble(value, digits);
  if (end == nullptr) return false;
  out.append(digits, static_cast<std::size_t>(end - digits));
  return true;
}

}  // namespace msp::codec
