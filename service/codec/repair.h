// SPDX-License-Identifier: Apache-2.0

// Makes a document readable that is JSON but for bytes inside its texts: Latin-1, a UTF-8 sequence
// that was cut, a control character that nobody escaped. For the rare document that the index
// refused; the others never come here. Internal to the codec. Any thread; no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace msp::codec {

// Replaces what stands from `start` on: in its texts an escaped U+FFFD stands for each sequence of
// bytes that is no UTF-8, and control characters are escaped; the rest stays as it is. `texts` gets
// the offsets of the quotes that open a changed text, in order. The old document is wiped.
//
// False, and the document untouched, when there was nothing to change, the last text has no end, or
// the document would grow by more than kRepairedBytesMore.
bool RepairTexts(std::size_t start, std::string& document, std::vector<std::uint32_t>& texts);

}  // namespace msp::codec
