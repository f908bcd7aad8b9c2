// A cursor over a document's tokens. simdjson's index tells where each token starts; what a token
// is, and that nothing but white space follows it, is checked here and in scalar.h. Internal to the
// codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "service/codec/scalar.h"

namespace msp::codec {

class Tokens {
 public:
  // `starts` holds `count` offsets into `text` and one more that equals `size`; text[size] is
  // readable.
  Tokens(char* text, const std::uint32_t* starts, std::size_t count)
      : text_(text), at_(starts), end_(starts + count) {}

  bool AtEnd() const { return at_ == end_; }
  // The first byte of the next token; NUL at the end, which no token starts with.
  char Peek() const { return at_ == end_ ? '\0' : text_[*at_]; }
  // The first byte of the token after the next.
  char PeekSecond() const { return end_ - at_ < 2 ? '\0' : text_[at_[1]]; }
  std::uint32_t Offset() const { return *at_; }

  // Steps over the next token, one of { } [ ] : and comma, of which the index keeps one byte each.
  void Step() { ++at_; }

  // The next token, a string, without quotes and escapes; nothing for a bad one.
  std::optional<std::string_view> String() {
    const std::string_view token = Token();
    if (token.size() < 2 || token.back() != '"') return std::nullopt;
    const std::string_view content = token.substr(1, token.size() - 2);
    if (!HasBackslash(content)) return content;
    char* begin = text_ + (content.data() - text_);
    const std::optional<std::size_t> size = Unescape(begin, begin + content.size());
    if (!size.has_value()) return std::nullopt;
    return std::string_view(begin, *size);
  }

  // The next token, an atom or a number, as it stands.
  std::string_view Token() {
    const char* begin = text_ + at_[0];
    const char* end = text_ + at_[1];
    while (end > begin && IsSpace(end[-1])) --end;
    ++at_;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

 private:
  // Most texts are short: a loop over eight bytes at a time beats a call.
  static bool HasBackslash(std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    const auto has = [](std::uint64_t word) {
      const std::uint64_t x = word ^ (kOnes * '\\');
      return ((x - kOnes) & ~x & (kOnes * 0x80U)) != 0;
    };
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t word = 0;
    for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
      std::memcpy(&word, at, sizeof(word));
      if (has(word)) return true;
    }
    for (; left > 0; ++at, --left) {
      if (*at == '\\') return true;
    }
    return false;
  }
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
};

}  // namespace msp::codec
