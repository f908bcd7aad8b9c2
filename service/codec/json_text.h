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

// True when a text needs no escape in JSON: eight bytes at a time, none below 0x20, none '"' or
// '\'.
inline bool IsPlainJson(std::string_view text) {
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
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    if (escapes(word)) return false;
  }
  if (left == 0) return true;
  std::uint64_t word = 0x2020202020202020U;
  std::memcpy(&word, at, left);
  return !escapes(word);
}

inline void AppendText(std::string_view text, std::string& out) {
  if (!IsPlainJson(text)) return AppendJsonString(text, out);
  // Grows once: quotes all along, then the text over all but the first and the last.
  const std::size_t start = out.size() + 1;
  out.append(text.size() + 2, '"');
  if (!text.empty()) std::memcpy(out.data() + start, text.data(), text.size());
}

template <class Integer>
void AppendInteger(Integer value, std::string& out) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

// The shortest text that reads back as `value`; whole numbers that a double holds exactly as
// integers (90, not 90.0 nor 9e+01). False, and nothing appended, for what JSON has no text for.
inline bool AppendDouble(double value, std::string& out) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return false;
  if (std::fabs(value) <= kExactMax && value == std::trunc(value)) {
    AppendInteger(static_cast<std::int64_t>(value), out);
    return true;
  }
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
  return true;
}

}  // namespace msp::codec
