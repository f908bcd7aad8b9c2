// SPDX-License-Identifier: Apache-2.0

#include "service/codec/redact.h"

#include <cstdint>

#include "service/base/text.h"
#include "service/codec/mask.h"
#include "service/codec/writer.h"

namespace msp::codec {
namespace {

namespace v1 = multisafepay::v1;

// True for usual separators between the digits of a card number.
bool IsJoint(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '\t' || c == '\n' || c == '\r';
}

// The bytes of the code point at the start of `text`; 1 where there is no valid one.
std::size_t CharacterBytes(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (CodePoints(text.substr(0, size)) == 1) return size;
  }
  return 1;
}

std::string MaskedCard(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());  // Growth would leave copies behind.
  for (const char c : text) {
    if (IsDigit(c)) {
      digits += c;
    } else if (!IsJoint(c)) {
      digits.clear();
      break;
    }
  }
  std::string masked(kMask);
  if (digits.size() > kCardDigitsMin && digits.size() <= kCardDigitsMax) {
    masked = digits.substr(0, 6) + std::string(kMask) + digits.substr(digits.size() - 4);
  }
  ZeroizeString(digits);
  return masked;
}

}  // namespace

std::string MaskedText(v1::Sensitivity sensitive, std::string_view text) {
  switch (sensitive) {
    case v1::SENSITIVITY_CARDHOLDER:
      return MaskedCard(text);
    case v1::SENSITIVITY_PERSONAL: {
      if (text.empty()) return std::string(kMask);
      const std::string_view first = text.substr(0, CharacterBytes(text));
      return CodePoints(first) == 1 ? std::string(first) + std::string(kMask) : std::string(kMask);
    }
    default:
      return std::string(kMask);
  }
}

std::string Redacted(const MessageSchema& schema, const google::protobuf::Message& message,
                     RedactOptions options) {
  std::string out;
  if (options.body_only) {
    Writer<Scope::kMaskedBody>(out, options.show_personal_data).Object(schema, message);
  } else {
    Writer<Scope::kMasked>(out, options.show_personal_data).Object(schema, message);
  }
  return out;
}

}  // namespace msp::codec
