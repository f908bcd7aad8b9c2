// SPDX-License-Identifier: Apache-2.0

// Keyed hashes (OpenSSL underneath).
#pragma once

#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX.

namespace msp {

// Raw digest bytes: 32 and 64 of them.
std::string HmacSha256(std::string_view key, std::string_view message);
std::string HmacSha512(std::string_view key, std::string_view message);

// HMAC-SHA-256 with one key, which is processed once, so that only the message remains to be
// hashed. Immutable; any thread. Zeroized on destruction.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  ~HmacKey();
  HmacKey(const HmacKey&) = delete;
  HmacKey& operator=(const HmacKey&) = delete;
  // The same 32 bytes as of HmacSha256.
  std::string Of(std::string_view message) const;
  // Appends the same to `out`.
  void Append(std::string_view message, std::string& out) const;

 private:
  // The hash after the key's inner and outer block.
  evp_md_ctx_st* inner_;
  evp_md_ctx_st* outer_;
};

// True when both are equal; the time depends only on the lengths.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// `count` random bytes from the system's generator.
std::string RandomBytes(std::size_t count);

}  // namespace msp
