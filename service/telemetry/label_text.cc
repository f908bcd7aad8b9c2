// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/label_text.h"

#include <cstddef>

#include "service/base/text.h"

namespace msp::telemetry {
namespace {

constexpr std::size_t kBytesMax = 80;
constexpr std::size_t kPartBytesMax = 40;
constexpr std::size_t kPartDigitsMax = 4;
constexpr std::string_view kOther = "other";

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IsDigit(c);
}
bool IsSeparator(char c) { return c == '.' || c == '/' || c == '[' || c == ']'; }

}  // namespace

std::string LabelText(std::string_view text) {
  if (text.size() > kBytesMax) return std::string(kOther);
  std::string label;
  std::size_t part_bytes = 0;
  std::size_t part_digits = 0;
  for (const char c : text) {
    if (IsSeparator(c)) {
      part_bytes = part_digits = 0;
    } else if (!IsNameChar(c) || ++part_bytes > kPartBytesMax) {
      return std::string(kOther);
    } else if (IsDigit(c)) {
      if (++part_digits > kPartDigitsMax) return std::string(kOther);
      if (label.empty() || label.back() != '#') label.push_back('#');
      continue;
    }
    label.push_back(c);
  }
  return label;
}

}  // namespace msp::telemetry
