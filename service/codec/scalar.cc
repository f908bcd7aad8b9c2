#include "service/codec/scalar.h"

#include <charconv>
#include <cstring>

#include "absl/strings/match.h"

namespace msp::codec {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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

// Reads what follows "\u" at `in`, which it moves; -1 for bad digits and half a surrogate pair.
std::int32_t ReadCodePoint(const char*& in, const char* end) {
  if (end - in < 4) return -1;
  const std::int32_t first = ReadHex4(in);
  in += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first > 0xDBFF || end - in < 6 || in[0] != '\\' || in[1] != 'u') return -1;
  const std::int32_t second = ReadHex4(in + 2);
  in += 6;
  if (second < 0xDC00 || second > 0xDFFF) return -1;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

// What a one-letter escape stands for; 0 for an unknown letter.
char Unescaped(char letter) {
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

// The digits before a fraction of zeros; empty when the fraction is something else.
std::string_view WholePart(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return text;
  const std::string_view fraction = text.substr(point + 1);
  if (fraction.empty() || fraction.find_first_not_of('0') != std::string_view::npos) return {};
  return text.substr(0, point);
}

template <class Number>
std::optional<Number> Read(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
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

std::optional<std::size_t> Unescape(char* begin, char* end) {
  const auto size = static_cast<std::size_t>(end - begin);
  auto* first = static_cast<char*>(std::memchr(begin, '\\', size));
  if (first == nullptr) return size;
  char* out = first;
  for (const char* in = first; in != end;) {
    if (*in != '\\') {
      *out++ = *in++;
      continue;
    }
    if (++in == end) return std::nullopt;
    const char letter = *in++;
    if (letter == 'u') {
      const std::int32_t point = ReadCodePoint(in, end);
      if (point < 0) return std::nullopt;
      out = AppendUtf8(point, out);
    } else {
      const char plain = Unescaped(letter);
      if (plain == 0) return std::nullopt;
      *out++ = plain;
    }
  }
  return static_cast<std::size_t>(out - begin);
}

std::optional<std::int64_t> ReadSigned(std::string_view text) {
  return Read<std::int64_t>(WholePart(text));
}

std::optional<std::uint64_t> ReadUnsigned(std::string_view text) {
  return Read<std::uint64_t>(WholePart(text));
}

std::optional<double> ReadDouble(std::string_view text) {
  // from_chars alone would take "inf", "nan" and "1.".
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
