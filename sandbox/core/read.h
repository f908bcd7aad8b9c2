// SPDX-License-Identifier: Apache-2.0

// Tolerant reading of request members: the real API takes numbers as text and text as numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/core/order.h"

namespace msp::sandbox {

// The member, or null when `json` is no object or has no such member.
const Json* Member(const Json& json, std::string_view name);

// The member when it is an object, else an empty object ("[]" and null mean the same).
const Json& ObjectMember(const Json& json, std::string_view name);

// Text or an integer as text (1000.0 is "1000"); nothing for everything else and for "".
std::optional<std::string> TextMember(const Json& json, std::string_view name);

// true/false, 0/1, "0"/"1", "true"/"false"; nothing when absent or unreadable.
std::optional<bool> BoolMember(const Json& json, std::string_view name);

struct AmountRead {
  enum class Kind : std::uint8_t { kAbsent, kBad, kValue };
  Kind kind = Kind::kAbsent;
  std::int64_t value = 0;
};
// An integer, or unless `strict` the same as 1000.0, 1e3 or digits as text. null and "" are absent.
AmountRead AmountMember(const Json& json, std::string_view name, bool strict);

// A parsed body without what the sender's JSON library may print differently: integral doubles and
// -0.
Json Normalized(const Json& json);

// False when the text nests deeper than `depth_max` arrays and objects, judged without parsing it.
bool NestsAtMost(std::string_view text, int depth_max);

}  // namespace msp::sandbox
