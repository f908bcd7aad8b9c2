// SPDX-License-Identifier: Apache-2.0

#include "service/codec/folded.h"

#include "service/base/text.h"

namespace msp::codec {
namespace {

constexpr std::size_t kEntityBytesMax = 10;  // "&thinsp;", "&#x2009;".

// The value of a hexadecimal or decimal number that fills `text`; -1 for anything else.
std::int32_t Number(std::string_view text, int base) {
  if (text.empty() || text.size() > 6) return -1;
  std::int32_t value = 0;
  for (const char c : text) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (base == 16 && ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) {
      digit = (c | 0x20) - 'a' + 10;
    } else {
      return -1;
    }
    value = value * base + digit;
  }
  return value;
}

char Class(std::int32_t code_point) {
  if (code_point >= 0xFF01 && code_point <= 0xFF5E) code_point -= 0xFEE0;     // Full-width forms.
  if (code_point >= 0x660 && code_point <= 0x669) code_point += '0' - 0x660;  // Arabic digits,
  if (code_point >= 0x6F0 && code_point <= 0x6F9) code_point += '0' - 0x6F0;  // Persian ones.
  if (code_point >= 0x80 || code_point < 0) return kWideJoint;
  const char c = static_cast<char>(code_point);
  if (Folded::IsDigit(c) || Folded::IsLetter(c)) return c;
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20);
  return c == ' ' || c == '-' || c == '.' || c == '\t' || c == '\n' || c == '\r' ? kJoint
                                                                                 : kWideJoint;
}

std::int32_t DecodedPoint(std::string_view code_point) {
  const auto lead = static_cast<unsigned char>(code_point[0]);
  std::int32_t value = code_point.size() == 1 ? lead : lead & (0x7F >> code_point.size());
  for (const char c : code_point.substr(1)) value = value << 6 | (c & 0x3F);
  return value;
}

// The escape sequence at the start of `text`: its character, and its length in `bytes`; 0 bytes
// where there is none.
char Escape(std::string_view text, std::size_t& bytes) {
  bytes = 0;
  if (text[0] == '%' && text.size() >= 3) {
    const std::int32_t byte = Number(text.substr(1, 2), 16);
    if (byte >= 0) bytes = 3;
    return Class(byte);
  }
  if (text[0] == '\\' && text.size() >= 6 && text[1] == 'u') {
    const std::int32_t value = Number(text.substr(2, 4), 16);
    if (value >= 0) bytes = 6;
    return Class(value);
  }
  if (text[0] == '&') {
    const std::size_t end = text.substr(0, kEntityBytesMax).find(';');
    if (end == std::string_view::npos || end < 3) return 0;
    const std::string_view name = text.substr(1, end - 1);
    if (name[0] != '#') {
      for (const char c : name) {
        if (!Folded::IsLetter(static_cast<char>(c | 0x20))) return 0;
      }
      bytes = end + 1;
      return kWideJoint;
    }
    const bool hex = (name[1] | 0x20) == 'x';
    const std::int32_t value = Number(name.substr(hex ? 2 : 1), hex ? 16 : 10);
    if (value >= 0) bytes = end + 1;
    return Class(value);
  }
  return 0;
}

// The bytes of the code point at the start of `text`; 0 where there is no valid one.
std::size_t CodePointBytes(std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) return 1;
  for (std::size_t size = 2; size <= 4 && size <= text.size(); ++size) {
    if (CodePoints(text.substr(0, size)) == 1) return size;
  }
  return 0;
}

}  // namespace

Folded::Folded(std::string_view text, Escapes escapes) {
  chars.reserve(text.size());  // Growth would leave copies behind.
  starts.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size();) {
    starts.push_back(at);
    const std::string_view rest = text.substr(at);
    std::size_t bytes = 0;
    char c = escapes == Escapes::kDecoded ? Escape(rest, bytes) : kInvalid;
    if (bytes == 0) {
      bytes = CodePointBytes(rest);
      c = bytes == 0 ? kInvalid : Class(DecodedPoint(rest.substr(0, bytes)));
      if (bytes == 0) bytes = 1;
    }
    chars.push_back(c);
    at += bytes;
  }
  starts.push_back(text.size());
}

Folded::~Folded() { ZeroizeString(chars); }

}  // namespace msp::codec
