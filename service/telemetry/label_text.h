// SPDX-License-Identifier: Apache-2.0

// Makes text from outside fit for a metric's label. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace msp::telemetry {

// A name as APIs have them: ASCII letters, digits, '_', '.', '/', '[' and ']', at most 80 bytes,
// each part between '.', '/' and brackets at most 40, with at most 4 digits. Runs of digits become
// '#'. Everything else is "other": a label may quote neither a card number nor a key.
std::string LabelText(std::string_view text);

}  // namespace msp::telemetry
