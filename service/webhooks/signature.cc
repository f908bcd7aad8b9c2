// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/signature.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "absl/strings/ascii.h"
#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::webhooks {
namespace {

constexpr std::size_t kAuthMax = 1024;
constexpr std::size_t kSignatureDigits = 128;
constexpr std::size_t kTimeDigitsMax = 15;

struct Auth {
  std::string decoded;
  std::string_view time;  // Its digits as they were signed; points into `decoded`.
  std::string signature;  // Lower case.
  std::int64_t time_s = 0;
};

bool Parse(std::string_view text, Auth& auth) {
  if (text.size() > kAuthMax || !Base64Decode(text, &auth.decoded)) return false;
  const std::string_view decoded = auth.decoded;
  const std::size_t colon = decoded.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > kTimeDigitsMax) return false;
  auth.time = decoded.substr(0, colon);
  auth.signature = decoded.substr(colon + 1);
  if (auth.signature.size() != kSignatureDigits ||
      !std::all_of(auth.time.begin(), auth.time.end(), IsDigit) ||
      !std::all_of(auth.signature.begin(), auth.signature.end(), absl::ascii_isxdigit))
    return false;
  absl::AsciiStrToLower(&auth.signature);
  std::from_chars(auth.time.data(), auth.time.data() + auth.time.size(), auth.time_s);
  return true;
}

}  // namespace

SignatureCheck Verify(std::string_view auth_text, std::string_view body,
                      absl::Span<const std::string_view> keys, const Window& window) {
  Auth auth;
  if (!Parse(auth_text, auth)) return SignatureCheck::kBadAuthHeader;
  std::string message;
  message.reserve(auth.time.size() + 1 + body.size());
  message.append(auth.time).append(1, ':').append(body);
  bool genuine = false;
  for (const std::string_view key : keys) {
    const bool fits = EqualInConstantTime(Hex(HmacSha512(Trimmed(key), message)), auth.signature);
    genuine = genuine || fits;
  }
  ZeroizeString(message);
  if (!genuine) return SignatureCheck::kBadSignature;
  // Only a genuine notification may reveal our clock.
  if (auth.time_s < window.now_s - window.past_s) return SignatureCheck::kStale;
  if (auth.time_s > window.now_s + kFutureMaxS) return SignatureCheck::kFuture;
  return SignatureCheck::kGenuine;
}

}  // namespace msp::webhooks
