// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "service/base/text.h"
#include "service/http/client.h"

namespace msp::http {

bool IsHeaderLine(std::string_view line) {
  if (line.find(':') == std::string_view::npos) return false;
  return std::none_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

Headers::Headers(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (!IsHeaderLine(line)) continue;
    ReserveZeroizing(text_, line.size() + 2);
    text_.append(line).append("\r\n");
  }
}

Headers::~Headers() { ZeroizeString(text_); }

}  // namespace msp::http
