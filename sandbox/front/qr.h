// SPDX-License-Identifier: Apache-2.0

// A QR code as a picture.
#pragma once

#include <string>
#include <string_view>

namespace msp::sandbox {

// An SVG document of `pixels` by `pixels`, a quiet zone included; empty for a text that no QR code
// holds.
std::string QrSvg(std::string_view text, int pixels);

}  // namespace msp::sandbox
