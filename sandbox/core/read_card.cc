// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/read_card.h"

#include <algorithm>
#include <string_view>

#include "sandbox/core/read.h"

namespace msp::sandbox {
namespace {

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string First(const Json& object, std::string_view one, std::string_view other) {
  auto text = TextMember(object, one);
  if (!text) text = TextMember(object, other);
  return text.value_or("");
}

std::string MagicOf(const std::string& holder) {
  constexpr std::string_view kPrefix = "SBX:";
  if (holder.rfind(kPrefix, 0) != 0) return {};
  const std::string word = holder.substr(kPrefix.size());
  static constexpr std::string_view kWords[] = {"FRICTIONLESS", "CHALLENGE", "TIMEOUT",
                                                "EXEMPTION"};
  const bool known = !DeclineReason(word).empty() ||
                     std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
  return known ? word : std::string();
}

}  // namespace

std::string ReadExpiry(const Json& info) {
  std::string text = TextMember(info, "card_expiry_date").value_or("");
  const Json* member = Member(info, "card_expiry_date");
  if (member != nullptr && member->is_number())
    text.insert(0, text.size() < 4 ? 4 - text.size() : 0, '0');
  if (text.size() != 4 || !AllDigits(text)) return {};
  const int month = (text[2] - '0') * 10 + (text[3] - '0');
  return month >= 1 && month <= 12 ? text : std::string();
}

CardRead ReadCard(const Json& info, const std::string& gateway, bool cvc_optional, bool on_page) {
  CardRead read;
  const std::string number = TextMember(info, "card_number").value_or("");
  const TestCard* known = AllDigits(number) && PassesLuhn(number) ? FindTestCard(number) : nullptr;
  if (known == nullptr || (known->redirect_only && !on_page)) return {1024, {}};
  const bool generic = gateway.empty() || gateway == "CREDITCARD";
  if (!generic && gateway != known->scheme) return {1024, {}};
  if (known->redirect_only && gateway == "CREDITCARD") return {1024, {}};
  Card& card = read.card;
  card.expiry = ReadExpiry(info);
  if (card.expiry.empty()) return {1016, {}};
  const std::string cvc = First(info, "card_cvc", "cvc");
  const std::size_t cvc_digits = known->scheme == "AMEX" ? 4 : 3;
  const bool needs_cvc = !cvc_optional && known->scheme != "MAESTRO" && !known->redirect_only;
  if (cvc.empty() ? needs_cvc : (cvc.size() != cvc_digits || !AllDigits(cvc))) return {1016, {}};
  card.scheme = std::string(known->scheme);
  card.bin = number.substr(0, 6);
  card.last4 = number.substr(number.size() - 4);
  card.holder = TextMember(info, "card_holder_name").value_or("");
  card.outcome = known->outcome;
  card.always_challenge = known->always_challenge;
  card.magic = MagicOf(card.holder);
  return read;
}

}  // namespace msp::sandbox
