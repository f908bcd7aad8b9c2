// SPDX-License-Identifier: Apache-2.0

// The patterns that a text may have to match: PATTERN_* of options.proto. Internal to the codec.
#pragma once

#include <cstdint>
#include <string_view>

#include "multisafepay/v1/options.pb.h"

namespace msp::codec {

// The result of a single pass over a text.
struct TextFacts {
  bool valid_utf8 = true;
  bool line_breaks = false;  // Tab, line feed or carriage return.
  bool controls = false;     // Any other control character: C0, DEL, C1.
  std::int64_t chars = 0;    // Code points; unspecified for invalid UTF-8.
};

TextFacts Examine(std::string_view text);

// Null when the non-empty `text` matches; otherwise a description of what is expected.
const char* ShapeFault(multisafepay::v1::Pattern pattern, std::string_view text,
                       const TextFacts& facts);

}  // namespace msp::codec
