// SPDX-License-Identifier: Apache-2.0

// Sanitizes text from outside for a metric's label. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace msp::telemetry {

// Keeps a name of API style: ASCII letters, digits, '_', '.', '/', '[' and ']', at most 80 bytes,
// each part between '.', '/' and brackets at most 40, with at most 4 digits. Runs of digits become
// '#'. Everything else becomes "other": a label must not contain a card number or a key.
std::string LabelText(std::string_view text);

}  // namespace msp::telemetry
