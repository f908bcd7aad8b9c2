// SPDX-License-Identifier: Apache-2.0

#include "service/http/content_decoding.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "service/base/text.h"

namespace msp::http {
namespace {

// More layers than any proxy adds; each costs one pass.
constexpr std::size_t kEncodingsMax = 4;

// zlib window bits: 16 added is a gzip frame, a negative number a bare deflate
// stream, which some servers send as "deflate".
constexpr int kGzip = MAX_WBITS + 16;
constexpr int kBare = -MAX_WBITS;

ContentResult Inflate(int window_bits, std::size_t max_bytes, std::string& body) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return ContentResult::kMalformed;
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  std::string plain;
  Bytef piece[16 << 10];
  int result = Z_OK;
  while (result == Z_OK && plain.size() <= max_bytes) {
    stream.next_out = piece;
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t size = sizeof piece - stream.avail_out;
    ReserveZeroizing(plain, size);
    plain.append(reinterpret_cast<const char*>(piece), size);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  const bool too_large = plain.size() > max_bytes;
  if (whole && !too_large) body.swap(plain);
  ZeroizeString(plain);
  if (too_large) return ContentResult::kTooLarge;
  return whole ? ContentResult::kWhole : ContentResult::kMalformed;
}

ContentResult DecodeOne(std::string_view encoding, std::size_t max_bytes, std::string& body) {
  const absl::string_view name(encoding.data(), encoding.size());
  if (name.empty() || absl::EqualsIgnoreCase(name, "identity")) return ContentResult::kWhole;
  if (absl::EqualsIgnoreCase(name, "gzip") || absl::EqualsIgnoreCase(name, "x-gzip"))
    return Inflate(kGzip, max_bytes, body);
  if (!absl::EqualsIgnoreCase(name, "deflate")) return ContentResult::kMalformed;
  // The first byte of a zlib frame names the method 8 and is no valid start of most bare streams.
  const bool framed =
      body.size() >= 2 && (body[0] & 0x0F) == Z_DEFLATED &&
      (static_cast<unsigned char>(body[0]) * 256 + static_cast<unsigned char>(body[1])) % 31 == 0;
  return Inflate(framed ? MAX_WBITS : kBare, max_bytes, body);
}

}  // namespace

ContentResult DecodeContent(std::string_view encodings, std::size_t max_bytes, std::string& body) {
  std::vector<std::string> names =
      absl::StrSplit(absl::string_view(encodings.data(), encodings.size()), ',');
  if (names.size() > kEncodingsMax) return ContentResult::kMalformed;
  std::reverse(names.begin(), names.end());
  for (const std::string& name : names) {
    if (const ContentResult decoded = DecodeOne(Trimmed(name), max_bytes, body);
        decoded != ContentResult::kWhole)
      return decoded;
  }
  return ContentResult::kWhole;
}

}  // namespace msp::http
