// SPDX-License-Identifier: Apache-2.0

// Reads a small file that holds a secret, such as an API key, without leaving copies of it in
// buffers on the way. Any thread.
#pragma once

#include <string>

namespace msp {

inline constexpr std::size_t kSecretFileBytesMax = 64 << 10;

// The file's content, which is the caller's to wipe. False when it cannot be read or is larger than
// kSecretFileBytesMax; `content` is empty then.
bool ReadSecretFile(const std::string& path, std::string* content);

}  // namespace msp
