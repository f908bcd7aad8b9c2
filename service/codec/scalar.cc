// SPDX-License-Identifier: Apache-2.0

#include "service/codec/scalar.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "service/base/text.h"

namespace msp::codec {
namespace {

// Moves `i` over digits; false when there was none.
bool SkipDigits(std::string_view text, std::size_t& i) {
  const std::size_t start = i;
  while (i < text.size() && IsDigit(text[i])) ++i;
  return i > start;
}

// Four hexadecimal digits; -1 for anything else.
std::int32_t ReadHex4(const char* text) {
  std::int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text[i];
    int digit = 0;
    if (IsDigit(c)) {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

char* AppendUtf8(std::int32_t point, char* out) {
  const auto put = [&out](std::int32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  return out;
}

constexpr std::int32_t kNoPoint = -1;   // No four hexadecimal digits.
constexpr std::int32_t kHalfPair = -2;  // Half a surrogate pair, which UTF-8 cannot encode.
constexpr std::int32_t kReplacementPoint = 0xFFFD;

// Reads the digits after "\u" at `in`, and advances it.
std::int32_t ReadCodePoint(const char*& in, const char* end) {
  if (end - in < 4) return kNoPoint;
  const std::int32_t first = ReadHex4(in);
  if (first < 0) return kNoPoint;
  in += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first > 0xDBFF || end - in < 6 || in[0] != '\\' || in[1] != 'u') return kHalfPair;
  const std::int32_t second = ReadHex4(in + 2);
  if (second < 0xDC00 || second > 0xDFFF) return kHalfPair;
  in += 6;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

// The character of a one-letter escape; 0 for an unknown letter.
char UnescapedLetter(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

template <class Number>
std::optional<Number> Read(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// A parsed JSON number: its significant digits, possibly with a point among them, and the position
// of the number's point, `whole` digits after the first.
struct Decimal {
  bool negative = false;
  std::string_view digits;  // Without zeros at either end; empty for zero.
  std::int64_t whole = 0;   // Digits before the point; negative: zeros behind it, before `digits`.
};

// A larger exponent is equivalent: no text is that long.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;

std::int64_t ReadExponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) value = std::min(value * 10 + (c - '0'), kExponentMax);
  return negative ? -value : value;
}

// `text` is a JSON number. Linear in its length, whatever the exponent says.
Decimal TakeApart(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  const std::size_t mark = text.find_first_of("eE");
  const std::int64_t exponent =
      mark == std::string_view::npos ? 0 : ReadExponent(text.substr(mark + 1));
  text = text.substr(0, mark);
  const std::size_t first = text.find_first_of("123456789");
  if (first == std::string_view::npos) return decimal;
  const std::size_t last = text.find_last_of("123456789");
  const std::size_t point = std::min(text.find('.'), text.size());
  decimal.digits = text.substr(first, last + 1 - first);
  decimal.whole = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + exponent;
  if (first > point) ++decimal.whole;  // The point itself is no digit.
  return decimal;
}

// The digits of 2^64 - 1, the largest integer of any target.
constexpr std::int64_t kWholeDigitsMax = 20;

// The whole value of a JSON number with a fraction or an exponent, digit by digit.
template <class Number>
std::optional<Number> ReadWhole(std::string_view text) {
  if (!IsJsonNumber(text)) return std::nullopt;
  const Decimal decimal = TakeApart(text);
  if (decimal.digits.empty()) return Number{0};
  if (decimal.whole < 1 || decimal.whole > kWholeDigitsMax) return std::nullopt;
  char digits[kWholeDigitsMax + 1];
  std::size_t size = 0;
  if (decimal.negative) digits[size++] = '-';
  const std::size_t size_wanted = size + static_cast<std::size_t>(decimal.whole);
  for (const char c : decimal.digits) {
    if (c == '.') continue;
    if (size == size_wanted) return std::nullopt;  // A fraction other than zeros.
    digits[size++] = c;
  }
  while (size < size_wanted) digits[size++] = '0';
  return Read<Number>({digits, size});
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  std::size_t i = 0;
  if (i < text.size() && text[i] == '-') ++i;
  if (i < text.size() && text[i] == '0') {
    ++i;
  } else if (!SkipDigits(text, i)) {
    return false;
  }
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!SkipDigits(text, i)) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!SkipDigits(text, i)) return false;
  }
  return i == text.size();
}

Unescaped Unescape(char* begin, char* end) {
  const auto size = static_cast<std::size_t>(end - begin);
  auto* first = static_cast<char*>(std::memchr(begin, '\\', size));
  if (first == nullptr) return {size, true};
  bool readable = true;
  char* out = first;
  for (const char* in = first; in != end;) {
    const char c = *in++;
    if (c != '\\') {
      *out++ = c;
    } else if (const char plain = in == end ? '\0' : UnescapedLetter(*in); plain != 0) {
      *out++ = plain;
      ++in;
    } else if (in != end && *in == 'u') {
      const std::int32_t point = ReadCodePoint(++in, end);
      readable = readable && point >= 0;
      if (point == kNoPoint) {
        *out++ = '\\';
        *out++ = 'u';
      } else {
        out = AppendUtf8(point == kHalfPair ? kReplacementPoint : point, out);
      }
    } else {
      *out++ = '\\';
      readable = false;
    }
  }
  return {static_cast<std::size_t>(out - begin), readable};
}

std::optional<std::int64_t> ReadSigned(std::string_view text) { return Read<std::int64_t>(text); }

std::optional<std::uint64_t> ReadUnsigned(std::string_view text) {
  return Read<std::uint64_t>(text);
}

std::optional<std::int64_t> ReadSignedNumber(std::string_view text) {
  const std::optional<std::int64_t> plain = ReadSigned(text);
  return plain.has_value() ? plain : ReadWhole<std::int64_t>(text);
}

std::optional<std::uint64_t> ReadUnsignedNumber(std::string_view text) {
  const std::optional<std::uint64_t> plain = ReadUnsigned(text);
  return plain.has_value() ? plain : ReadWhole<std::uint64_t>(text);
}

bool WithoutExponent(std::string_view text, std::string& out) {
  const Decimal decimal = TakeApart(text);
  out.clear();
  if (decimal.digits.empty()) {
    out.push_back('0');
    return true;
  }
  const auto digits = static_cast<std::int64_t>(
      decimal.digits.size() -
      static_cast<std::size_t>(std::count(decimal.digits.begin(), decimal.digits.end(), '.')));
  // The zeros that the exponent adds, before or after the digits.
  if (digits > kPlainDigitsMax || std::abs(decimal.whole) > kPlainDigitsMax) return false;
  if (decimal.negative) out += '-';
  if (decimal.whole < 1) {
    out += "0.";
    out.append(static_cast<std::size_t>(-decimal.whole), '0');
  }
  std::int64_t before = decimal.whole;
  for (const char c : decimal.digits) {
    if (c == '.') continue;
    if (before-- == 0 && decimal.whole > 0) out += '.';
    out += c;
  }
  if (before > 0) out.append(static_cast<std::size_t>(before), '0');
  return true;
}

std::optional<double> ReadDouble(std::string_view text) {
  // from_chars alone would accept "inf", "nan" and "1.".
  if (!IsJsonNumber(text)) return std::nullopt;
  return Read<double>(text);
}

std::optional<bool> ReadBool(std::string_view text) {
  const auto is = [text](const char* word) {
    return absl::EqualsIgnoreCase(absl::string_view(text.data(), text.size()), word);
  };
  if (text == "1" || is("true") || is("yes")) return true;
  if (text == "0" || is("false") || is("no")) return false;
  return std::nullopt;
}

}  // namespace msp::codec
