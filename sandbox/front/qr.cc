// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/qr.h"

#include <qrencode.h>

#include <memory>

namespace msp::sandbox {

std::string QrSvg(std::string_view text, int pixels) {
  constexpr int kQuiet = 4;  // modules, as the standard has it
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(std::string(text).c_str(), 0, QR_ECLEVEL_M), &QRcode_free);
  if (code == nullptr) return {};
  const std::string side = std::to_string(code->width + 2 * kQuiet);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(pixels) +
                    "\" height=\"" + std::to_string(pixels) + "\" viewBox=\"0 0 " + side + " " +
                    side +
                    "\" role=\"img\" aria-label=\"QR code of the payment\">"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><path d=\"";
  for (int y = 0; y < code->width; ++y) {
    for (int x = 0; x < code->width; ++x) {
      if ((code->data[y * code->width + x] & 1) == 0) continue;
      svg += "M" + std::to_string(x + kQuiet) + " " + std::to_string(y + kQuiet) + "h1v1h-1z";
    }
  }
  return svg + "\" fill=\"#000\"/></svg>\n";
}

}  // namespace msp::sandbox
