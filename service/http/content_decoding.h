// SPDX-License-Identifier: Apache-2.0

// Decodes the Content-Encoding of an answer. The service requests `identity`, but a proxy may
// compress anyway, and an unreadable answer to a payment is an unknown outcome. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msp::http {

enum class ContentResult : std::uint8_t { kWhole, kMalformed, kTooLarge };

// `encodings` is the header's value: a list of identity, gzip, x-gzip and deflate, in the order in
// which they were applied. Replaces `body` by its decoded form of at most `max_bytes`; zeroizes the
// old bytes. kMalformed also for an unknown encoding and for a truncated body.
ContentResult DecodeContent(std::string_view encodings, std::size_t max_bytes, std::string& body);

}  // namespace msp::http
