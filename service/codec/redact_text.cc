// SPDX-License-Identifier: Apache-2.0

#include "service/codec/redact_text.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/codec/folded.h"
#include "service/codec/mask.h"

namespace msp::codec {
namespace {

// Shorter parts of an API key are not recognized: they could be words.
constexpr std::size_t kKeyPartMin = 8;
// Additional text to read: masks are shorter than what they hide.
constexpr std::size_t kReadBytesMore = 4096;

std::size_t SaltedHashOf(std::string_view digits) {
  static const std::string* const salt = new std::string(RandomBytes(16));
  char text[16 + kCardDigitsMax];
  const std::size_t count = std::min(digits.size(), kCardDigitsMax);
  std::memcpy(text, salt->data(), 16);
  std::memcpy(text + 16, digits.data(), count);
  const std::size_t hash = std::hash<std::string_view>()({text, 16 + count});
  explicit_bzero(text, sizeof text);
  return hash;
}

// Digits without a letter between them, and their positions in the folded characters.
struct Run {
  const Folded& text;
  std::vector<std::size_t> at;
  std::string digits;  // Zeroized on destruction.

  explicit Run(const Folded& folded) : text(folded) {
    at.reserve(text.chars.size());
    digits.reserve(text.chars.size());
  }
  ~Run() { ZeroizeString(digits); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  std::size_t size() const { return at.size(); }
  // True when no character separates this digit from the previous one and both have the same form:
  // an Arabic or escaped digit does not make a card after it part of a longer number.
  bool Joins(std::size_t i) const {
    return i > 0 && i < size() && at[i] == at[i - 1] + 1 && Bytes(i) == Bytes(i - 1);
  }
  std::size_t Bytes(std::size_t i) const { return text.starts[at[i] + 1] - text.starts[at[i]]; }
  // True when digits [from, to) neither begin nor end within a number.
  bool IsWhole(std::size_t from, std::size_t to) const { return !Joins(from) && !Joins(to); }
};

// Calls `visit` for each run of the text.
template <class Visit>
void ForEachRun(const Folded& text, Visit visit) {
  Run run(text);
  for (std::size_t i = 0; i <= text.chars.size(); ++i) {
    if (i < text.chars.size() && !Folded::IsLetter(text.chars[i])) {
      if (!Folded::IsDigit(text.chars[i])) continue;
      run.at.push_back(i);
      run.digits.push_back(text.chars[i]);
    } else if (run.size() > 0) {
      visit(run);
      run.at.clear();
      run.digits.clear();
    }
  }
}

bool PassesLuhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    const int digit = (*at - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

// Calls `found` with the range of each group of 12 to 19 digits that could be a card; stops when it
// returns false.
template <class Found>
void FindCards(const Run& run, Found found) {
  for (std::size_t from = 0; from + kCardDigitsMin <= run.size(); ++from) {
    if (run.Joins(from)) continue;
    const std::size_t end = std::min(from + kCardDigitsMax, run.size());
    for (std::size_t to = from + kCardDigitsMin; to <= end; ++to) {
      if (!run.IsWhole(from, to)) continue;
      const std::string_view digits = std::string_view(run.digits).substr(from, to - from);
      if (PassesLuhn(digits) && !found(from, to)) return;
    }
  }
}

// Marks what to hide in one folded form of a text.
class TextRedactor {
 public:
  // `hidden` has a mark for each byte of the text.
  TextRedactor(const Folded& text, std::vector<bool>& hidden) : text_(text), hidden_(hidden) {}

  void HideKey(std::string_view key);
  void HideNumbers(const CardPrints& card);

 private:
  // Hides the folded characters [from, to).
  void HideChars(std::size_t from, std::size_t to) {
    const auto byte = [this](std::size_t i) {
      return hidden_.begin() + static_cast<std::ptrdiff_t>(text_.starts[i]);
    };
    std::fill(byte(from), byte(to), true);
  }
  void Hide(const Run& run, std::size_t from, std::size_t to) {
    HideChars(run.at[from], run.at[to - 1] + 1);
  }
  void HideKnown(const Run& run, const DigitPrint& print, bool whole);
  void HideLong(const Run& run);
  void HideShort(const Run& run);
  bool MentionsCode() const;

  const Folded& text_;
  std::vector<bool>& hidden_;
};

// Hides every part of the key of 8 characters or more, and a shorter key as a whole.
void TextRedactor::HideKey(std::string_view key) {
  const Folded folded_key(key, Escapes::kLiteral);
  std::string wanted;
  wanted.reserve(key.size());
  for (const char c : folded_key.chars) {
    if (Folded::IsDigit(c) || Folded::IsLetter(c)) wanted.push_back(c);
  }
  std::vector<std::size_t> at;  // Of the text's letters and digits.
  for (std::size_t i = 0; i < text_.chars.size(); ++i) {
    if (Folded::IsDigit(text_.chars[i]) || Folded::IsLetter(text_.chars[i])) at.push_back(i);
  }
  const std::size_t part = std::min(kKeyPartMin, wanted.size());
  for (std::size_t i = 0; part > 0 && i + part <= at.size(); ++i) {
    std::size_t longest = 0;
    for (std::size_t j = 0; j + part <= wanted.size(); ++j) {
      std::size_t same = 0;
      while (j + same < wanted.size() && i + same < at.size() &&
             wanted[j + same] == text_.chars[at[i + same]]) {
        ++same;
      }
      longest = std::max(longest, same);
    }
    if (longest < part) continue;
    HideChars(at[i], at[i + longest - 1] + 1);
  }
  ZeroizeString(wanted);
}

// `whole`: only where the digits are not part of a longer number.
void TextRedactor::HideKnown(const Run& run, const DigitPrint& print, bool whole) {
  const std::size_t count = print.digits();
  if (count == 0) return;
  for (std::size_t from = 0; from + count <= run.size(); ++from) {
    if (whole && !run.IsWhole(from, from + count)) continue;
    if (print.Matches(std::string_view(run.digits).substr(from, count)))
      Hide(run, from, from + count);
  }
}

void TextRedactor::HideLong(const Run& run) {
  for (std::size_t from = 0; from < run.size();) {
    std::size_t to = from + 1;
    const auto joined = [&] {
      for (std::size_t i = run.at[to - 1] + 1; i < run.at[to]; ++i) {
        if (text_.chars[i] != kJoint) return false;
      }
      return true;
    };
    while (to < run.size() && joined()) ++to;
    if (to - from >= kCardDigitsMin) Hide(run, from, to);
    from = to;
  }
  FindCards(run, [&](std::size_t from, std::size_t to) {
    Hide(run, from, to);
    return true;
  });
}

// Hides numbers of 3 or 4 digits, also where separators stand between the digits.
void TextRedactor::HideShort(const Run& run) {
  for (std::size_t from = 0; from < run.size(); ++from) {
    for (const std::size_t count : {3U, 4U}) {
      if (from + count > run.size() || !run.IsWhole(from, from + count)) continue;
      Hide(run, from, from + count);
    }
  }
}

bool TextRedactor::MentionsCode() const {
  std::string letters;  // Without the characters between them.
  for (const char c : text_.chars) {
    if (Folded::IsLetter(c)) letters.push_back(c);
  }
  static constexpr std::string_view kPhrases[] = {
      "cvc", "cvv", "securitycode", "verificationcode", "cardcode", "beveiligingscode"};
  const bool phrase =
      std::any_of(std::begin(kPhrases), std::end(kPhrases),
                  [&](std::string_view text) { return letters.find(text) != std::string::npos; });
  if (phrase) return true;
  static constexpr std::string_view kWords[] = {"csc", "cid", "cvn", "cav"};  // Parts of others.
  for (const std::string_view word : kWords) {
    for (std::size_t at = text_.chars.find(word); at != std::string::npos;
         at = text_.chars.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !Folded::IsLetter(text_.chars[at - 1])) &&
          (end == text_.chars.size() || !Folded::IsLetter(text_.chars[end])))
        return true;
    }
  }
  return false;
}

void TextRedactor::HideNumbers(const CardPrints& card) {
  const bool mentions_code = MentionsCode();
  ForEachRun(text_, [&](const Run& run) {
    HideKnown(run, card.number, /*whole=*/false);
    HideKnown(run, card.code, /*whole=*/true);
    HideLong(run);
    if (mentions_code) HideShort(run);
  });
}

// The text with a mask in place of each hidden part.
std::string Masked(std::string_view text, const Folded& folded, const std::vector<bool>& hidden,
                   std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  for (std::size_t i = 0; i < folded.chars.size();) {
    const std::size_t start = folded.starts[i];
    std::string_view piece = text.substr(start, folded.starts[i + 1] - start);
    if (hidden[start]) {
      piece = kMask;
      while (i < folded.chars.size() && hidden[folded.starts[i]]) ++i;
    } else {
      if (folded.chars[i] == kInvalid) piece = "?";
      ++i;
    }
    if (out.size() + piece.size() > max_bytes) break;
    out += piece;
  }
  return out;
}

bool HoldsEscapes(std::string_view text) { return text.find_first_of("%&\\") != text.npos; }

// At most `max_bytes` of `text`, without a number that the cut may have shortened.
std::string_view Cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && !Folded::IsLetter(static_cast<char>(text[max_bytes - 1] | 0x20)))
    --max_bytes;
  return text.substr(0, max_bytes);
}

std::string RedactedOnce(std::string_view raw, std::size_t max_bytes, const KnownSecrets& known) {
  // Control characters first: as spaces they may separate the digits of a card.
  std::string text(Cut(raw, 2 * max_bytes + kReadBytesMore));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  std::vector<bool> hidden(text.size(), false);
  const auto hide = [&](const Folded& folded) {
    TextRedactor redactor(folded, hidden);
    if (!known.api_key.empty()) redactor.HideKey(known.api_key);
    if (!known.previous_api_key.empty()) redactor.HideKey(known.previous_api_key);
    redactor.HideNumbers(known.card);
  };
  if (HoldsEscapes(text)) hide(Folded(text, Escapes::kDecoded));
  const Folded folded(text, Escapes::kLiteral);
  hide(folded);
  std::string clean = Masked(text, folded, hidden, max_bytes);
  ZeroizeString(text);
  return clean;
}

}  // namespace

DigitPrint::DigitPrint(std::string_view text) {
  char digits[kCardDigitsMax];
  for (const char c : text) {
    if (!Folded::IsDigit(c)) continue;
    if (digits_ == kCardDigitsMax) break;
    digits[digits_++] = c;
  }
  hash_ = SaltedHashOf({digits, digits_});
  explicit_bzero(digits, sizeof digits);
}

bool DigitPrint::Matches(std::string_view digits) const {
  return digits_ > 0 && digits.size() == digits_ && SaltedHashOf(digits) == hash_;
}

std::string RedactedText(std::string_view text, std::size_t max_bytes, const KnownSecrets& known) {
  // The remains on both sides of a mask may form another number.
  std::string clean = RedactedOnce(text, max_bytes, known);
  for (;;) {
    std::string again = RedactedOnce(clean, max_bytes, known);
    if (again == clean) return clean;
    ZeroizeString(clean);
    clean = std::move(again);
  }
}

bool HoldsCardNumber(std::string_view text) {
  // Nearly every text returns here: too few digits, and no escape of one.
  std::size_t digits = 0;
  const bool could = std::any_of(text.begin(), text.end(), [&](char c) {
    if (Folded::IsDigit(c)) return ++digits >= kCardDigitsMin;
    if (Folded::IsLetter(static_cast<char>(c | 0x20))) digits = 0;
    return static_cast<unsigned char>(c) >= 0x80 || c == '%' || c == '&' || c == '\\';
  });
  if (!could) return false;
  bool holds = false;
  const auto find = [&](const Folded& folded) {
    ForEachRun(folded, [&](const Run& run) {
      FindCards(run, [&](std::size_t, std::size_t) {
        holds = true;
        return false;
      });
    });
  };
  find(Folded(text, Escapes::kLiteral));
  if (!holds && HoldsEscapes(text)) find(Folded(text, Escapes::kDecoded));
  return holds;
}

std::string RedactedIfCard(std::string_view text) {
  return text.size() > kIdentifierMax || HoldsCardNumber(text) ? RedactedText(text, kIdentifierMax)
                                                               : std::string(text);
}

}  // namespace msp::codec
