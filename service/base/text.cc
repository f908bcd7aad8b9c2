// SPDX-License-Identifier: Apache-2.0

#include "service/base/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/match.h"

namespace msp {
namespace {

constexpr char kHexLower[] = "0123456789abcdef";
constexpr char kHexUpper[] = "0123456789ABCDEF";
constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr unsigned Byte(char c) { return static_cast<unsigned char>(c); }

constexpr bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// The value of one hexadecimal digit, -1 for anything else.
constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> MakeBase64Values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kBase64Alphabet.size(); ++i) {
    values[Byte(kBase64Alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kBase64Values = MakeBase64Values();

constexpr bool NeedsEscape(char c) { return Byte(c) < 0x20 || c == '"' || c == '\\'; }

void AppendJsonEscape(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kHexLower[Byte(c) >> 4];
      out += kHexLower[Byte(c) & 15];
  }
}

}  // namespace

bool EqualsIgnoreCase(std::string_view one, std::string_view other) {
  return absl::EqualsIgnoreCase({one.data(), one.size()}, {other.data(), other.size()});
}

std::string PercentEncoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += kHexUpper[Byte(c) >> 4];
      out += kHexUpper[Byte(c) & 15];
    }
  }
  return out;
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

// The bounds on the second byte follow Unicode's table of well-formed sequences: no overlong form,
// no surrogate, nothing above U+10FFFF.
Utf8Sequence FirstSequence(std::string_view text) {
  const unsigned first = Byte(text[0]);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || Byte(text[i]) < low || Byte(text[i]) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

std::int64_t CodePoints(std::string_view text) {
  std::int64_t count = 0;
  while (!text.empty()) {
    const Utf8Sequence sequence = FirstSequence(text);
    if (!sequence.valid) return -1;
    text.remove_prefix(sequence.size);
    ++count;
  }
  return count;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kHexLower[Byte(c) >> 4];
    out += kHexLower[Byte(c) & 15];
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::size_t taken = bytes.size() < 3 ? bytes.size() : 3;
    unsigned group = Byte(bytes[0]) << 16;
    if (taken > 1) group |= Byte(bytes[1]) << 8;
    if (taken > 2) group |= Byte(bytes[2]);
    out += kBase64Alphabet[group >> 18];
    out += kBase64Alphabet[(group >> 12) & 63];
    out += taken > 1 ? kBase64Alphabet[(group >> 6) & 63] : '=';
    out += taken > 2 ? kBase64Alphabet[group & 63] : '=';
    bytes.remove_prefix(taken);
  }
  return out;
}

bool Base64Decode(std::string_view text, std::string* bytes) {
  bytes->clear();
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  bytes->reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::int8_t value = kBase64Values[Byte(c)];
    if (value < 0) {
      bytes->clear();
      return false;
    }
    group = (group << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *bytes += static_cast<char>((group >> bits) & 0xFF);
    }
  }
  // The unused bits before the padding are zero in the canonical form.
  if ((group & ((1U << bits) - 1U)) != 0) {
    bytes->clear();
    return false;
  }
  return true;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  std::size_t plain = 0;  // Start of the run that needs no escape.
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    out.append(text, plain, i - plain);
    AppendJsonEscape(text[i], out);
    plain = i + 1;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

void ZeroizeString(std::string& text) {
  text.resize(text.capacity());  // Never reallocates; makes the spare capacity writable.
  explicit_bzero(text.data(), text.size());
  text.clear();
}

void GrowZeroizing(std::string& text, std::size_t more) {
  std::string moved;
  moved.reserve(std::max(text.size() + more, 2 * text.capacity()));
  moved.append(text);
  text.swap(moved);
  ZeroizeString(moved);
}

}  // namespace msp
