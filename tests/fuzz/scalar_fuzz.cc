// SPDX-License-Identifier: Apache-2.0

// Any text read as an amount, a decimal, a switch, an expiry date, a card number or a time: what is
// taken is what the text says, by a second reading of its own.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/codec/pattern.h"
#include "service/codec/scalar.h"
#include "service/payments/upstream_time.h"
#include "tests/fuzz/require.h"

namespace msp {
namespace {

namespace v1 = multisafepay::v1;
using fuzz::Require;

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// An amount as a text: sign and digits; never rounded, never clipped.
void CheckAmount(std::string_view text) {
  const auto value = codec::ReadSigned(text);
  const bool negative = text.starts_with('-');
  if (!AllDigits(text.substr(negative ? 1 : 0)))
    return Require(!value, "what is no number is no amount", text);
  std::int64_t expected = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), expected);
  Require(value.has_value() == (read.ec == std::errc()), "an amount is taken whole or not", text);
  if (value) Require(*value == expected, "an amount is the text's", text);
  const auto positive = codec::ReadUnsigned(text);
  if (positive && value) Require(static_cast<std::int64_t>(*positive) == *value, "alike", text);
  if (negative && expected != 0) Require(!positive, "a negative one is not positive", text);
}

// An amount as a JSON number: its value, where that is whole.
void CheckNumber(std::string_view text) {
  if (!codec::IsJsonNumber(text)) return;
  const auto value = codec::ReadSignedNumber(text);
  const auto plain = codec::ReadSigned(text);
  if (plain) Require(value == plain, "digits are the number that they are", text);
  std::string digits;
  const bool short_enough = codec::WithoutExponent(text, digits);
  if (!short_enough) return;
  Require(codec::IsJsonNumber(digits), "a number without its exponent is a number", text);
  const bool whole = digits.find('.') == std::string::npos;
  if (!whole) Require(!value, "a fraction is no integer", text);
  if (whole) Require(value == codec::ReadSigned(digits), "the value is the digits'", text);
}

void CheckShapes(std::string_view text) {
  if (text.empty()) return;
  const codec::TextFacts facts = codec::Examine(text);
  const auto fits = [&](v1::Pattern pattern) {
    return codec::ShapeFault(pattern, text, facts) == nullptr;
  };
  const bool month =
      AllDigits(text) && text.size() == 4 && text.substr(2) >= "01" && text.substr(2) <= "12";
  Require(fits(v1::PATTERN_YYMM) == month, "an expiry date is YYMM", text);
  Require(fits(v1::PATTERN_CARD_CVC) == (AllDigits(text) && (text.size() == 3 || text.size() == 4)),
          "a security code is three or four digits", text);
  if (fits(v1::PATTERN_CARD_NUMBER)) {
    std::string digits;
    for (const char c : text) {
      if (c != ' ') digits += c;
    }
    Require(AllDigits(digits) && digits.size() >= 12 && digits.size() <= 19,
            "a card number is 12 to 19 digits", text);
  }
  if (fits(v1::PATTERN_IP_ADDRESS)) {
    Require(text.find_first_of(",;") == std::string_view::npos, "one address is no list", text);
  }
  if (fits(v1::PATTERN_ID)) {
    Require(text != "." && text != ".." && !facts.controls && !facts.line_breaks,
            "an id is safe in a path", text);
  }
}

void CheckTime(std::string_view text) {
  const auto seconds = payments::UpstreamTimeSeconds(text);
  if (!seconds) return;
  Require(text.size() >= 19, "a time is a whole one", text);
  // Between the years 1 and 9999, give or take a time zone.
  Require(*seconds > -62'200'000'000 && *seconds < 253'500'000'000, "a time is a time", text);
}

}  // namespace
}  // namespace msp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  msp::CheckAmount(text);
  msp::CheckNumber(text);
  msp::CheckShapes(text);
  msp::CheckTime(text);
  if (const auto value = msp::codec::ReadDouble(text)) {
    msp::fuzz::Require(std::isfinite(*value), "a decimal is finite", text);
    msp::fuzz::Require(msp::codec::IsJsonNumber(text), "a decimal is a JSON number", text);
  }
  msp::codec::ReadBool(text);
  return 0;
}
