// SPDX-License-Identifier: Apache-2.0

// Reads a small file with a secret, such as an API key, without leaving copies in buffers. Any
// thread.
#pragma once

#include <string>

namespace msp {

inline constexpr std::size_t kSecretFileBytesMax = 64 << 10;

// The caller has to zeroize `content`. False when the file cannot be read or is larger than
// kSecretFileBytesMax; `content` is empty then.
bool ReadSecretFile(const std::string& path, std::string* content);

}  // namespace msp
