// SPDX-License-Identifier: Apache-2.0

// Removes secrets from text of unknown origin, such as MultiSafepay's error texts, before it is
// logged or returned. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msp::codec {

// Recognizes a number by a salted hash and its length, so that no copy of the number is kept. The
// hash protects against finding the number in a memory image, not against brute force: keep it no
// longer than the number itself is needed.
class DigitPrint {
 public:
  DigitPrint() = default;
  // Of the ASCII digits in `text`; other characters are ignored.
  explicit DigitPrint(std::string_view text);

  std::size_t digits() const { return digits_; }  // 0: recognizes nothing.
  // `digits` consists of ASCII digits.
  bool Matches(std::string_view digits) const;

 private:
  std::size_t hash_ = 0;
  std::size_t digits_ = 0;
};

// The secrets of one request.
struct CardPrints {
  DigitPrint number;
  DigitPrint code;
};

// Known secrets that the text may quote. The views outlive the call.
struct KnownSecrets {
  std::string_view api_key;           // Empty for none.
  std::string_view previous_api_key;  // Likewise.
  CardPrints card;
};

// The text on one line, with "***" in place of:
// - the known secrets, in any case, with any separators, full-width or percent-encoded;
// - 12 or more digits with nothing but spaces, dashes and dots between them;
// - 12 to 19 digits that pass the Luhn check, with any characters but letters between them;
// - numbers of 3 or 4 digits in a text that mentions a security code.
// Control characters become spaces, each byte of invalid UTF-8 a question mark. Cut to `max_bytes`
// at a code point boundary.
std::string RedactedText(std::string_view text, std::size_t max_bytes = 512,
                         const KnownSecrets& known = {});

// True where the text holds 12 to 19 digits that pass the Luhn check, with any characters but
// letters between them. So do one in ten other numbers of that length: for identifiers, which
// should mostly stay readable.
bool HoldsCardNumber(std::string_view text);

// Longer than any valid identifier: a longer one is refused, but may be logged before.
inline constexpr std::size_t kIdentifierMax = 512;

// The text itself, or redacted when it holds a card number or is longer than kIdentifierMax, to
// which it is cut: for identifiers that callers choose.
std::string RedactedIfCard(std::string_view text);

}  // namespace msp::codec
