// SPDX-License-Identifier: Apache-2.0

// The signature of a notification: HMAC-SHA512 over the time, a colon and the body's raw bytes,
// keyed with the site's API key. Checked before a byte of the body is parsed. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"

namespace msp::webhooks {

enum class SignatureCheck : std::uint8_t {
  kGenuine,
  kBadAuthHeader,  // Not base64 of "digits:128 hexadecimal digits".
  kBadSignature,   // Of none of the keys, or of another body or time.
  kStale,          // Genuine, but older than the window: a replay.
  kFuture,         // Genuine, but further in the future than clocks may differ.
};

// How far a notification's time may be ahead of ours.
inline constexpr std::int64_t kFutureMaxS = 300;

struct Window {
  std::int64_t now_s = 0;   // Unix time.
  std::int64_t past_s = 0;  // The maximum age.
};

// `auth` is the value of the HTTP header Auth. Tries every key, so that timing does not reveal
// which one matches: a site that changes its key has two for a while.
SignatureCheck Verify(std::string_view auth, std::string_view body,
                      absl::Span<const std::string_view> keys, const Window& window);

}  // namespace msp::webhooks
