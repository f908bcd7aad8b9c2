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
  kBadSignature,   // Made with none of the keys, or over another body or time.
  kStale,          // Genuine, and older than the window: a replay.
  kFuture,         // Genuine, and from further ahead than two clocks may be apart.
};

// As metrics and errors spell it: "bad_signature".
std::string_view NameOf(SignatureCheck verdict);

// How far a notification's time may be ahead of ours.
inline constexpr std::int64_t kFutureMaxS = 300;

struct Window {
  std::int64_t now_s = 0;   // Unix time.
  std::int64_t past_s = 0;  // The oldest that is taken.
};

// `auth` is the value of the HTTP header Auth. Every key is tried, so that the time taken says
// nothing about which one fits: a site that changes its key has two for a while.
SignatureCheck Verify(std::string_view auth, std::string_view body,
                      absl::Span<const std::string_view> keys, const Window& window);

}  // namespace msp::webhooks
