// SPDX-License-Identifier: Apache-2.0

#include "service/codec/pattern.h"

#include <algorithm>
#include <cstring>

#include "service/base/text.h"

namespace msp::codec {
namespace {

namespace v1 = multisafepay::v1;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool AllOf(std::string_view text, bool (*allowed)(char)) {
  return std::all_of(text.begin(), text.end(), allowed);
}

bool IsKeyChar(char c) {
  return IsLetter(c) || IsDigit(c) || c == '.' || c == '_' || c == '~' || c == '-';
}

// Makes no copy of the number, which would have to be zeroized.
bool IsCardNumber(std::string_view text) {
  int digits = 0;
  int sum = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == ' ') continue;
    if (!IsDigit(text[i])) return false;
    int value = text[i] - '0';
    if (digits % 2 == 1) {
      value *= 2;
      if (value > 9) value -= 9;
    }
    sum += value;
    ++digits;
  }
  return digits >= 12 && digits <= 19 && sum % 10 == 0;
}

bool IsYearMonth(std::string_view text) {
  if (text.size() != 4 || !AllOf(text, IsDigit)) return false;
  const int month = (text[2] - '0') * 10 + (text[3] - '0');
  return month >= 1 && month <= 12;
}

// False where the text has a separator of a list of addresses, such as X-Forwarded-For. The form of
// the address (a port, a zone, a name) and surrounding spaces are not checked.
bool IsOneAddress(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return false;
  text = text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
  return text.find_first_of(",;|/ \t\r\n") == std::string_view::npos;
}

bool IsOneLine(const TextFacts& facts) { return !facts.controls && !facts.line_breaks; }

bool IsPathId(std::string_view text, const TextFacts& facts) {
  return IsOneLine(facts) && text.front() != ' ' && text.back() != ' ' && text != "." &&
         text != "..";
}

bool HasShape(v1::Pattern pattern, std::string_view text, const TextFacts& facts) {
  switch (pattern) {
    case v1::PATTERN_LINE:
      return IsOneLine(facts);
    case v1::PATTERN_ID:
      return IsPathId(text, facts);
    case v1::PATTERN_CARD_NUMBER:
      return IsCardNumber(text);
    case v1::PATTERN_CARD_CVC:
      return (text.size() == 3 || text.size() == 4) && AllOf(text, IsDigit);
    case v1::PATTERN_YYMM:
      return IsYearMonth(text);
    case v1::PATTERN_URL:
      return IsOneLine(facts) && text.find(' ') == std::string_view::npos;
    case v1::PATTERN_FOUR_DIGITS:
      return text.size() == 4 && AllOf(text, IsDigit);
    case v1::PATTERN_KEY:
      return AllOf(text, IsKeyChar);
    case v1::PATTERN_CURRENCY:
      return text.size() == 3 && AllOf(text, IsLetter);
    case v1::PATTERN_COUNTRY:
      return text.size() == 2 && AllOf(text, IsLetter);
    case v1::PATTERN_IP_ADDRESS:
      return IsOneAddress(text);
    default:
      return true;
  }
}

const char* Expectation(v1::Pattern pattern) {
  switch (pattern) {
    case v1::PATTERN_LINE:
      return "must be one line without control characters";
    case v1::PATTERN_ID:
      return "must be one line without leading or trailing spaces, and neither \".\" nor \"..\"";
    case v1::PATTERN_CARD_NUMBER:
      return "must be a card number: 12 to 19 digits with a correct check digit";
    case v1::PATTERN_CARD_CVC:
      return "must be a card security code: 3 or 4 digits";
    case v1::PATTERN_YYMM:
      return "must be an expiry date as YYMM, with a month from 01 to 12";
    case v1::PATTERN_URL:
      return "must be a URL without spaces and control characters";
    case v1::PATTERN_FOUR_DIGITS:
      return "must be four digits";
    case v1::PATTERN_KEY:
      return "must consist of A-Z, a-z, 0-9 and . _ ~ - only";
    case v1::PATTERN_CURRENCY:
      return "must be a currency code of three letters";
    case v1::PATTERN_COUNTRY:
      return "must be a country code of two letters";
    case v1::PATTERN_IP_ADDRESS:
      return "must be one IP address";
    default:
      return nullptr;
  }
}

// Checks eight bytes at a time: nearly every text is printable ASCII.
bool IsPrintableAscii(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  const auto odd = [](std::uint64_t word) {
    const std::uint64_t control = (word - kOnes * 0x20U) | (word + kOnes) | word;
    return (control & kHigh) != 0;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    if (odd(word)) return false;
  }
  std::uint64_t word = kOnes * 0x20U;
  std::memcpy(&word, at, left);
  return !odd(word);
}

}  // namespace

TextFacts Examine(std::string_view text) {
  TextFacts facts;
  if (text.empty()) return facts;
  if (IsPrintableAscii(text)) {
    facts.chars = static_cast<std::int64_t>(text.size());
    return facts;
  }
  facts.chars = CodePoints(text);
  facts.valid_utf8 = facts.chars >= 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\t' || byte == '\n' || byte == '\r') {
      facts.line_breaks = true;
    } else if (byte < 0x20 || byte == 0x7F) {
      facts.controls = true;
    } else if (byte == 0xC2 && i + 1 < text.size()) {
      // U+0080 to U+009F, the second set of control characters, is C2 80 to C2 9F.
      if (static_cast<unsigned char>(text[i + 1]) < 0xA0) facts.controls = true;
    }
  }
  return facts;
}

const char* ShapeFault(v1::Pattern pattern, std::string_view text, const TextFacts& facts) {
  if (pattern == v1::PATTERN_UNSPECIFIED || HasShape(pattern, text, facts)) return nullptr;
  return Expectation(pattern);
}

}  // namespace msp::codec
