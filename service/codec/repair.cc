// SPDX-License-Identifier: Apache-2.0

#include "service/codec/repair.h"

#include <string_view>

#include "service/base/text.h"
#include "service/codec/decode.h"

namespace msp::codec {
namespace {

// U+FFFD, escaped, so that the reader finds each repaired text when it handles escapes.
constexpr std::string_view kReplacementEscape = "\\ufffd";
constexpr std::size_t kReplacementRoom = kReplacementEscape.size() + 2;  // In quotes, for a moment.

class Repairer {
 public:
  Repairer(std::string_view from, std::string& to, std::vector<std::uint32_t>& texts)
      : from_(from), to_(to), texts_(texts) {}

  // False for a text without an end, or too much to repair.
  bool All() {
    while (!from_.empty()) {
      const bool text = from_.front() == '"';
      Keep(1);
      if (text && !Text()) return false;
    }
    return true;
  }

 private:
  // The rest of a text after its opening quote.
  bool Text() {
    const std::size_t quote = to_.size() - 1;
    bool changed = false;
    while (!from_.empty() && from_.front() != '"') {
      if (IsEscape()) {
        Keep(2);
        continue;
      }
      const Utf8Sequence sequence = FirstSequence(from_);
      if (sequence.valid && !IsControl(from_.front()) && from_.front() != '\\') {
        Keep(sequence.size);
        continue;
      }
      if (!changed) texts_.push_back(static_cast<std::uint32_t>(quote));
      changed = true;
      if (!Replace(sequence)) return false;
    }
    if (from_.empty()) return false;
    Keep(1);
    return true;
  }

  // True for a backslash before a character that may belong to an escape. Before another byte it
  // counts as the character itself, or the replacement would become its escape.
  bool IsEscape() const {
    return from_.size() >= 2 && from_[0] == '\\' && from_[1] >= 0x20 && from_[1] < 0x7F;
  }
  static bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20; }

  void Keep(std::size_t size) {
    ReserveZeroizing(to_, size);
    to_.append(from_.substr(0, size));
    from_.remove_prefix(size);
  }

  bool Replace(const Utf8Sequence& sequence) {
    ReserveZeroizing(to_, kReplacementRoom);
    const std::size_t before = to_.size();
    if (!sequence.valid) {
      to_.append(kReplacementEscape);
    } else {
      AppendJsonString(from_.substr(0, 1), to_);
      to_.pop_back();
      to_.erase(before, 1);
    }
    from_.remove_prefix(sequence.size);
    const std::size_t added = to_.size() - before;
    more_ += added > sequence.size ? added - sequence.size : 0;
    return more_ <= kRepairedBytesMore;
  }

  std::string_view from_;
  std::string& to_;
  std::vector<std::uint32_t>& texts_;
  std::size_t more_ = 0;
};

}  // namespace

bool RepairTexts(std::size_t start, std::string& document, std::vector<std::uint32_t>& texts) {
  std::string repaired;
  repaired.reserve(document.size() + document.size() / 8);
  Repairer repairer(std::string_view(document).substr(start), repaired, texts);
  if (!repairer.All() || texts.empty()) {
    ZeroizeString(repaired);
    texts.clear();
    return false;
  }
  ZeroizeString(document);
  document = std::move(repaired);
  return true;
}

}  // namespace msp::codec
