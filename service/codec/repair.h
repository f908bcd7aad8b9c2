// SPDX-License-Identifier: Apache-2.0

// Repairs a document that is JSON except for bytes inside its texts: Latin-1, a truncated UTF-8
// sequence, an unescaped control character. Only for the rare document that the index refused.
// Internal to the codec. Any thread; no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace msp::codec {

// Replaces the document from `start` on: in texts an escaped U+FFFD replaces each sequence of bytes
// that is no UTF-8, and control characters are escaped; the rest is unchanged. `texts` gets the
// offsets of the opening quotes of changed texts, in order. The old document is zeroized.
//
// False, with the document unchanged, when there was nothing to change, the last text has no end,
// or the document would grow by more than kRepairedBytesMore.
bool RepairTexts(std::size_t start, std::string& document, std::vector<std::uint32_t>& texts);

}  // namespace msp::codec
