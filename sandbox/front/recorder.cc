// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/recorder.h"

#include <algorithm>
#include <cstdio>

#include "sandbox/core/cards.h"
#include "sandbox/core/read.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::size_t kRequestsMax = 500;
constexpr std::size_t kBodyReadMax = std::size_t{1024} * 1024;
constexpr std::size_t kBodyKeptMax = std::size_t{8} * 1024;
constexpr int kRecordNestingMax = 64;

// Members whose value is not shown.
constexpr std::string_view kHidden[] = {"card_cvc",
                                        "cvc",
                                        "cvv",
                                        "card_expiry_date",
                                        "payload",
                                        "api_key",
                                        "api_token",
                                        "recurring_id",
                                        "token",
                                        "events_token",
                                        "event_token",
                                        "pareq",
                                        "md",
                                        "cavv",
                                        "html",
                                        "account_id",
                                        "iban",
                                        "session",
                                        "bank_account",
                                        "account_number",
                                        "account_holder_iban",
                                        "account_iban",
                                        "password",
                                        "secret",
                                        "emv",
                                        "card_token"};
// The shop's ids.
constexpr std::string_view kIds[] = {"order_id", "new_order_id", "refund_order_id",
                                     "auth_order_id"};
// Members of answers that hold an id of the sandbox's making.
constexpr std::string_view kOwnNumbers[] = {"transaction_id", "external_transaction_id",
                                            "refund_id", "session_id"};

template <std::size_t kCount>
bool IsNamedIn(const std::string_view (&list)[kCount], std::string_view text) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](std::string_view name) { return EqualsIgnoreCase(name, text); });
}

constexpr std::size_t kShortestCard = 12;
constexpr std::size_t kLongestCard = 19;
constexpr std::string_view kSeparators = " -%+._";

// The positions of a run's digits in the text.
using Positions = std::vector<std::size_t>;

// Calls `visit(digits, positions)` for each run of digits, with `separators` allowed inside it.
template <class Visit>
void ForEachRun(const std::string& text, std::string_view separators, Visit visit) {
  std::string digits;
  Positions where;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (c >= '0' && c <= '9') {
      digits += c;
      where.push_back(i);
    } else if (separators.find(c) == std::string_view::npos) {
      visit(digits, where);
      digits.clear();
      where.clear();
    }
  }
}

std::string MaskedNumber(std::string_view digits) {
  std::string kept;
  for (const char c : digits) {
    if (c >= '0' && c <= '9') kept += c;
  }
  if (kept.size() < kShortestCard) return "***";
  return std::string(kept.size() - 4, '*') + kept.substr(kept.size() - 4);
}

// Writes what a JSON parser reads, masked, a member a line. No document is built: every call of the
// API passes through here.
class Masker {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Masker(const std::vector<Site>& sites, bool ours) : sites_(sites), ours_(ours) {}

  std::string& text() { return text_; }
  bool full() const { return text_.size() > kBodyKeptMax; }

  // The parser's events.
  bool null() { return Raw("null"); }
  bool boolean(bool value) { return Raw(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) { return Number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) { return Number(std::to_string(value)); }
  bool number_float(number_float_t value, const string_t& as_sent) {
    // A card number may come as 4.1e15.
    char digits[400];
    std::snprintf(digits, sizeof digits, "%.0f", value);
    std::string masked(digits);
    MaskCardNumbers(&masked);
    return masked == digits ? Number(as_sent) : Quoted("***");
  }
  bool string(string_t& value) {
    const std::string& name = names_.empty() ? kNoName : names_.back();
    if (EqualsIgnoreCase(name, "card_number")) return Quoted(MaskedNumber(value));
    if (IsNamedIn(kHidden, name)) return Quoted("***");
    if (!ours_ || !IsNamedIn(kOwnNumbers, name)) Mask(&value, IsNamedIn(kIds, name));
    return Quoted(value);
  }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return Open('{'); }
  bool start_array(std::size_t) { return Open('['); }
  bool end_object() { return Close('}'); }
  bool end_array() { return Close(']'); }
  bool key(string_t& name) {
    names_.back() = name;
    NextLine();
    Mask(&name, false);
    AppendJsonString(name, text_);
    text_ += ": ";
    after_key_ = true;
    return !full();
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }

 private:
  void Mask(std::string* text, bool id) const {
    for (const Site& site : sites_) {
      for (std::size_t at = text->find(site.key); at != std::string::npos;
           at = text->find(site.key))
        text->replace(at, site.key.size(), "***");
    }
    if (id) {
      MaskWholeCardNumbers(text);
    } else {
      MaskCardNumbers(text);
    }
  }

  void NextLine() {
    if (!first_) text_ += ',';
    first_ = false;
    if (names_.empty()) return;
    text_ += '\n';
    text_.append(2 * names_.size(), ' ');
  }
  // A value follows its name, or on a line of its own in an array.
  void StartValue() {
    if (!after_key_) NextLine();
    after_key_ = false;
  }
  bool Raw(std::string_view text) {
    StartValue();
    text_ += text;
    return !full();
  }
  bool Quoted(std::string_view text) {
    StartValue();
    AppendJsonString(text, text_);
    return !full();
  }
  bool Number(const std::string& number) {
    const std::string& name = names_.empty() ? kNoName : names_.back();
    if (EqualsIgnoreCase(name, "card_number")) return Quoted(MaskedNumber(number));
    if (IsNamedIn(kHidden, name)) return Quoted("***");
    if (ours_ && IsNamedIn(kOwnNumbers, name)) return Raw(number);
    std::string masked = number;
    Mask(&masked, false);
    return masked == number ? Raw(number) : Quoted(masked);
  }
  bool Open(char bracket) {
    StartValue();
    text_ += bracket;
    // What stands in an array is named as the array is.
    names_.push_back(bracket == '[' && !names_.empty() ? names_.back() : kNoName);
    first_ = true;
    return !full();
  }
  bool Close(char bracket) {
    names_.pop_back();
    if (!first_) {
      text_ += '\n';
      text_.append(2 * names_.size(), ' ');
    }
    text_ += bracket;
    first_ = false;
    return !full();
  }

  static inline const std::string kNoName;
  const std::vector<Site>& sites_;
  const bool ours_;
  std::string text_;
  std::vector<std::string> names_;  // of the member that is being read, at each depth
  bool first_ = true;               // in its object or array
  bool after_key_ = false;
};

}  // namespace

void Recorder::Add(RecordedRequest recorded) {
  recorded.number = next_++;
  requests_.push_back(std::move(recorded));
  if (requests_.size() > kRequestsMax) requests_.pop_front();
}

std::vector<const RecordedRequest*> Recorder::Latest(std::uint64_t order_seq,
                                                     std::size_t most) const {
  std::vector<const RecordedRequest*> list;
  for (auto it = requests_.rbegin(); it != requests_.rend() && list.size() < most; ++it) {
    if (order_seq == 0 || it->order_seq == order_seq) list.push_back(&*it);
  }
  return list;
}

void MaskCardNumbers(std::string* text) {
  ForEachRun(*text, kSeparators, [&](const std::string& digits, const Positions& where) {
    for (std::size_t size = kShortestCard; size <= kLongestCard; ++size) {
      for (std::size_t at = 0; at + size <= digits.size(); ++at) {
        if (!PassesLuhn(std::string_view(digits).substr(at, size))) continue;
        for (std::size_t i = at; i < at + size; ++i) (*text)[where[i]] = '*';
      }
    }
  });
}

void MaskWholeCardNumbers(std::string* text) {
  for (const std::string_view separators : {std::string_view(), kSeparators}) {
    ForEachRun(*text, separators, [&](const std::string& digits, const Positions& where) {
      if (!PassesLuhn(digits)) return;
      for (const std::size_t position : where) (*text)[position] = '*';
    });
  }
}

std::string MaskedBody(std::string_view body, const std::vector<Site>& sites, bool ours) {
  if (body.empty()) return {};
  Masker masker(sites, ours);
  const bool read = body.size() <= kBodyReadMax && NestsAtMost(body, kRecordNestingMax) &&
                    Json::sax_parse(body, &masker);
  if (!read && !masker.full()) return "(" + std::to_string(body.size()) + " bytes, not shown)";
  std::string& text = masker.text();
  if (masker.full()) {
    std::size_t cut = kBodyKeptMax;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    text.resize(cut);
    text += "\n(cut)";
  }
  text.shrink_to_fit();
  return std::move(text);
}

}  // namespace msp::sandbox
