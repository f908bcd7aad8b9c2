// SPDX-License-Identifier: Apache-2.0

// Authenticated encryption (AES-256-GCM, OpenSSL underneath): for what passes through the hands of
// others. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msp {

inline constexpr std::size_t kSealKeyBytes = 32;

// `key` is kSealKeyBytes long. `bound` is not hidden, and has to be the same when it is opened.
std::string Seal(std::string_view key, std::string_view bound, std::string_view text);
// Nothing unless `sealed` was made with this key and bound, and is whole.
std::optional<std::string> Unseal(std::string_view key, std::string_view bound,
                                  std::string_view sealed);

}  // namespace msp
