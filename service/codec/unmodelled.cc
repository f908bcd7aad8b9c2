// SPDX-License-Identifier: Apache-2.0

#include "service/codec/unmodelled.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "service/codec/json_text.h"
#include "service/codec/redact_text.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

// Without case and punctuation, anywhere in a name.
constexpr std::array<std::string_view, 9> kCardWords{"cardnumber",   "cardno", "cardpan",
                                                     "cvc",          "cvv",    "cardcode",
                                                     "securitycode", "track1", "track2"};

bool NamesCardData(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) letters += lower;
  }
  return letters == "pan" || letters == "primaryaccountnumber" ||
         std::any_of(kCardWords.begin(), kCardWords.end(), [&](std::string_view word) {
           return letters.find(word) != std::string::npos;
         });
}

// A number's digits as they would be sent.
std::string DigitsOf(double number) {
  std::string digits;
  AppendDouble(number, digits);
  return digits;
}

// True where `found` holds for a name or a scalar value at any depth. The caller has bounded the
// depth.
template <class Found>
bool AnyOf(const pb::Struct& object, const Found& found);

template <class Found>
bool AnyOf(const pb::Value& value, const Found& found) {
  if (value.has_struct_value()) return AnyOf(value.struct_value(), found);
  if (!value.has_list_value()) return found(value);
  const auto& values = value.list_value().values();
  return std::any_of(values.begin(), values.end(),
                     [&](const pb::Value& element) { return AnyOf(element, found); });
}

template <class Found>
bool AnyOf(const pb::Struct& object, const Found& found) {
  return std::any_of(object.fields().begin(), object.fields().end(), [&](const auto& member) {
    return found(member.first) || AnyOf(member.second, found);
  });
}

struct CardData {
  bool operator()(std::string_view name) const {
    return NamesCardData(name) || HoldsCardNumber(name);
  }
  bool operator()(const pb::Value& value) const {
    return value.has_string_value()
               ? HoldsCardNumber(value.string_value())
               : value.has_number_value() && HoldsCardNumber(DigitsOf(value.number_value()));
  }
};

struct InexactNumber {
  bool operator()(std::string_view) const { return false; }
  bool operator()(const pb::Value& value) const {
    constexpr double kExactMax = 9007199254740992.0;  // 2^53
    return value.has_number_value() && std::abs(value.number_value()) > kExactMax;
  }
};

}  // namespace

bool HoldsCardData(const pb::Struct& object) { return AnyOf(object, CardData{}); }
bool HoldsExactNumbers(const pb::Struct& object) { return !AnyOf(object, InexactNumber{}); }

}  // namespace msp::codec
