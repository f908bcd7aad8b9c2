#include "service/codec/redact.h"

#include <cstdint>

#include "service/base/text.h"
#include "service/codec/mask.h"
#include "service/codec/writer.h"

namespace msp::codec {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::size_t kCardDigitsMin = 12;  // The shortest card number.
constexpr std::size_t kCardDigitsMax = 19;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What people put between the digits of a card number.
bool IsJoint(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '\t' || c == '\n' || c == '\r';
}

// One past the last digit of the run that starts at `start`, and the number of its digits.
std::size_t EndOfDigits(std::string_view text, std::size_t start, std::size_t& digits) {
  std::size_t end = start;
  digits = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    if (IsDigit(text[i])) {
      ++digits;
      end = i + 1;
    } else if (!IsJoint(text[i])) {
      break;
    }
  }
  return end;
}

// The bytes of the code point at the start of `text`; 1 where there is no valid one.
std::size_t CodePointBytes(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (CodePoints(text.substr(0, size)) == 1) return size;
  }
  return 1;
}

std::string MaskedCard(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());  // Or it would leave its first part where it grew from.
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
  WipeString(digits);
  return masked;
}

// One line without control characters: card numbers masked, broken UTF-8 replaced.
std::string ScrubbedLine(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(text.size() < max_bytes ? text.size() : max_bytes);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t digits = 0;
    const std::size_t end = IsDigit(text[i]) ? EndOfDigits(text, i, digits) : i;
    std::string_view piece;
    if (digits >= kCardDigitsMin) {
      piece = kMask;
      i = end;
    } else if (digits > 0) {
      piece = text.substr(i, end - i);
      i = end;
    } else {
      piece = text.substr(i, CodePointBytes(text.substr(i)));
      i += piece.size();
      if (CodePoints(piece) != 1) piece = "?";
    }
    if (out.size() + piece.size() > max_bytes) break;
    out += piece;
  }
  return out;
}

// Luhn's sum over the digits of the text, from the last one.
bool PassesCheck(std::string_view text) {
  int sum = 0;
  bool twice = false;
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    if (!IsDigit(*at)) continue;
    const int digit = (*at - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    twice = !twice;
  }
  return sum % 10 == 0;
}

}  // namespace

bool HoldsCardNumber(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!IsDigit(text[i])) continue;
    std::size_t digits = 0;
    const std::size_t end = EndOfDigits(text, i, digits);
    if (digits >= kCardDigitsMin && digits <= kCardDigitsMax &&
        PassesCheck(text.substr(i, end - i)))
      return true;
    i = end;
  }
  return false;
}

std::string MaskedText(v1::Sensitivity sensitive, std::string_view text) {
  switch (sensitive) {
    case v1::SENSITIVITY_CARDHOLDER:
      return MaskedCard(text);
    case v1::SENSITIVITY_PERSONAL: {
      if (text.empty()) return std::string(kMask);
      const std::string_view first = text.substr(0, CodePointBytes(text));
      return CodePoints(first) == 1 ? std::string(first) + std::string(kMask) : std::string(kMask);
    }
    default:
      return std::string(kMask);
  }
}

std::string Redacted(const Plan& plan, const google::protobuf::Message& message,
                     RedactOptions options) {
  std::string out;
  if (options.body_only) {
    Writer<Scope::kMaskedBody>(out, options.show_personal_data).Object(plan, message);
  } else {
    Writer<Scope::kMasked>(out, options.show_personal_data).Object(plan, message);
  }
  return out;
}

std::string Scrubbed(std::string_view raw, std::size_t max_bytes) {
  // Control characters first: what becomes a space may separate the digits of a card.
  std::string text(raw);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  std::string scrubbed = ScrubbedLine(text, max_bytes);
  WipeString(text);
  return scrubbed;
}

}  // namespace msp::codec
