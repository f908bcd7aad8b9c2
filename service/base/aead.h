// SPDX-License-Identifier: Apache-2.0

// Authenticated encryption (AES-256-GCM with OpenSSL) for data on untrusted channels. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msp {

inline constexpr std::size_t kAeadKeyBytes = 32;

// `key` is kAeadKeyBytes long. `bound` is associated data: not encrypted, and the same for
// DecryptAead.
std::string EncryptAead(std::string_view key, std::string_view bound, std::string_view text);
// Nothing unless `ciphertext` is complete and was made with this key and bound.
std::optional<std::string> DecryptAead(std::string_view key, std::string_view bound,
                                       std::string_view ciphertext);

}  // namespace msp
