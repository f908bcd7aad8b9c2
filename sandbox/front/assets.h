// SPDX-License-Identifier: Apache-2.0

// Static files, compiled in from sandbox/front/assets.
#pragma once

#include <string_view>

namespace msp::sandbox {

struct Asset {
  std::string_view name;  // "card.js"
  std::string_view content_type;
  std::string_view text;
};

// Null when there is none of that name.
const Asset* FindAsset(std::string_view name);

}  // namespace msp::sandbox
