// SPDX-License-Identifier: Apache-2.0

// A cursor over a document's tokens. simdjson's index has the start of each token; its type, and
// that only white space follows it, are checked here and in scalar.h. Internal to the codec.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "service/codec/scalar.h"

namespace msp::codec {

class Tokens {
 public:
  // `starts` holds `count` offsets into `text` and one more that equals `size`; text[size] is
  // readable. `escapes`: there is a backslash somewhere. `repaired`, which may be null: the offsets
  // of the strings that were not readable before they were repaired, in order.
  Tokens(char* text, const std::uint32_t* starts, std::size_t count, bool escapes,
         const std::vector<std::uint32_t>* repaired)
      : text_(text), at_(starts), end_(starts + count), escapes_(escapes), repaired_(repaired) {}

  bool AtEnd() const { return at_ == end_; }
  // The first byte of the next token; NUL at the end, which no token starts with.
  char Peek() const { return at_ == end_ ? '\0' : text_[*at_]; }
  // The first byte of the token after the next.
  char PeekSecond() const { return end_ - at_ < 2 ? '\0' : text_[at_[1]]; }
  std::uint32_t Offset() const { return *at_; }

  // Steps over the next token, one of { } [ ] : and comma, of which the index keeps one byte each.
  void Step() { ++at_; }

  // The next token, which starts with a quote, without its quotes; false for a malformed one.
  bool String(std::string_view& text) {
    const std::string_view token = Token();
    if (token.size() < 2 || token.back() != '"') return false;
    text = token.substr(1, token.size() - 2);
    return true;
  }
  // Whether that token needs `Unescape`.
  bool HasEscape(std::string_view text) const { return escapes_ && HasBackslash(text); }
  // Replaces its escapes; false when an escape was invalid.
  bool Unescape(std::string_view& text) {
    char* begin = text_ + (text.data() - text_);
    const Unescaped content = codec::Unescape(begin, begin + text.size());
    text = {begin, content.size};
    return content.readable && !IsRepaired(begin);
  }

  // The next token, an atom or a number, unchanged.
  std::string_view Token() {
    const char* begin = text_ + at_[0];
    const char* end = text_ + at_[1];
    while (end > begin && IsSpace(end[-1])) --end;
    ++at_;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

 private:
  // Most texts are short: a loop over eight bytes at a time is faster than a call.
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
    if (left > 0 && text.size() >= sizeof(word)) {  // The last eight bytes, overlapping.
      std::memcpy(&word, at + left - sizeof(word), sizeof(word));
      return has(word);
    }
    for (; left > 0; ++at, --left) {
      if (*at == '\\') return true;
    }
    return false;
  }
  bool IsRepaired(const char* begin) const {
    if (repaired_ == nullptr) return false;
    const auto quote = static_cast<std::uint32_t>(begin - text_ - 1);
    return std::binary_search(repaired_->begin(), repaired_->end(), quote);
  }
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
  bool escapes_;
  const std::vector<std::uint32_t>* repaired_;
};

}  // namespace msp::codec
