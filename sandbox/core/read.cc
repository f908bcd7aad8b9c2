// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/read.h"

#include <charconv>
#include <cmath>

namespace msp::sandbox {
namespace {

const Json kEmptyObject = Json::object();

// An integer in any notation: 1000, 1000.0, 1e3. Some clients write every number as a double.
std::optional<std::int64_t> Integral(const Json& json) {
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_number_float()) return std::nullopt;
  const double value = json.get<double>();
  // Beyond 2^53 a double cannot represent every integer.
  if (!(std::fabs(value) <= 9007199254740992.0) || std::floor(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

const Json* Member(const Json& json, std::string_view name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

const Json& ObjectMember(const Json& json, std::string_view name) {
  const Json* member = Member(json, name);
  return member != nullptr && member->is_object() ? *member : kEmptyObject;
}

std::optional<std::string> TextMember(const Json& json, std::string_view name) {
  const Json* member = Member(json, name);
  if (member == nullptr) return std::nullopt;
  if (member->is_string()) {
    const auto& text = member->get_ref<const std::string&>();
    return text.empty() ? std::nullopt : std::optional(text);
  }
  if (member->is_number_integer()) return member->dump();
  if (const auto integral = Integral(*member)) return std::to_string(*integral);
  return std::nullopt;
}

std::optional<bool> BoolMember(const Json& json, std::string_view name) {
  const Json* member = Member(json, name);
  if (member == nullptr) return std::nullopt;
  if (member->is_boolean()) return member->get<bool>();
  const auto text = TextMember(json, name);
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return std::nullopt;
}

AmountRead AmountMember(const Json& json, std::string_view name, bool strict) {
  const Json* member = Member(json, name);
  if (member == nullptr || member->is_null()) return {};
  if (const auto integral = Integral(*member); integral && !(strict && member->is_number_float()))
    return {AmountRead::Kind::kValue, *integral};
  if (!member->is_string()) return {AmountRead::Kind::kBad, 0};
  const auto& text = member->get_ref<const std::string&>();
  if (text.empty()) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (strict || error != std::errc() || end != text.data() + text.size())
    return {AmountRead::Kind::kBad, 0};
  return {AmountRead::Kind::kValue, value};
}

Json Normalized(const Json& json) {
  if (json.is_object()) {
    Json copy = Json::object();
    for (const auto& [name, value] : json.items()) copy[name] = Normalized(value);
    return copy;
  }
  if (json.is_array()) {
    Json copy = Json::array();
    for (const Json& value : json) copy.push_back(Normalized(value));
    return copy;
  }
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (!std::isfinite(value)) return nullptr;
    if (std::floor(value) == value && std::fabs(value) < 9e15)
      return static_cast<std::int64_t>(value);
  }
  return json;
}

bool NestsAtMost(std::string_view text, int depth_max) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

}  // namespace msp::sandbox
