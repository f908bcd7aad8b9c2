// SPDX-License-Identifier: Apache-2.0

#include "service/codec/decimals.h"

#include "service/codec/scalar.h"

namespace msp::codec {
namespace {

// Adds one to the last digit of a number that may have a sign.
void CountUp(std::string& number) {
  std::size_t i = number.size();
  for (; i > 0 && number[i - 1] != '-'; --i) {
    char& digit = number[i - 1];
    if (digit == '.') continue;
    if (digit != '9') {
      ++digit;
      return;
    }
    digit = '0';
  }
  number.insert(i, 1, '1');
}

}  // namespace

bool HasMoreDecimals(std::string_view text, std::uint32_t decimals) {
  const std::size_t exponent = text.find('e');
  if (exponent != std::string_view::npos) return text[exponent + 1] == '-';
  const std::size_t point = text.find('.');
  return point != std::string_view::npos && text.size() - point - 1 > decimals;
}

std::string RoundedText(std::string_view text, std::uint32_t decimals) {
  std::string digits;
  if (!WithoutExponent(text, digits)) return "0";  // Far too small.
  const std::size_t point = digits.find('.');
  if (point == std::string::npos) return digits;
  const std::size_t end = point + 1 + decimals;
  if (end < digits.size()) {
    const bool up = digits[end] >= '5';
    digits.resize(end);
    if (up) CountUp(digits);
  }
  digits.resize(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  if (digits == "-0") digits = digits.substr(1);
  return digits;
}

}  // namespace msp::codec
