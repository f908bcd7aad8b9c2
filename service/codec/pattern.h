// SPDX-License-Identifier: Apache-2.0

// The shapes that a text may be asked to have: PATTERN_* of options.proto. Internal to the codec.
#pragma once

#include <cstdint>
#include <string_view>

#include "multisafepay/v1/options.pb.h"

namespace msp::codec {

// What a single pass over a text finds out.
struct TextFacts {
  bool valid_utf8 = true;
  bool line_breaks = false;  // Tab, line feed or carriage return.
  bool controls = false;     // Any other control character: C0, DEL, C1.
  std::int64_t chars = 0;    // Code points; unspecified for invalid UTF-8.
};

TextFacts Examine(std::string_view text);

// Null when `text`, which is not empty, has the shape; otherwise what is expected, for people.
const char* ShapeFault(multisafepay::v1::Pattern pattern, std::string_view text,
                       const TextFacts& facts);

}  // namespace msp::codec
