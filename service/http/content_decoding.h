// SPDX-License-Identifier: Apache-2.0

// Undoes the Content-Encoding of an answer. The service asks for `identity`, but a proxy on the way
// may compress all the same, and an answer to a payment that cannot be read is an unknown outcome.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msp::http {

enum class Decoded : std::uint8_t { kWhole, kMalformed, kTooLarge };

// `encodings` is the header's value: a list of identity, gzip, x-gzip and deflate, in the order in
// which they were applied. Replaces `body` by its decoded form of at most `max_bytes`; old bytes
// are overwritten. kMalformed for an unknown encoding, too, and for a body that ends early.
Decoded DecodeContent(std::string_view encodings, std::size_t max_bytes, std::string& body);

}  // namespace msp::http
