// SPDX-License-Identifier: Apache-2.0

#include "service/base/aead.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "service/base/hash.h"

namespace msp {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string EncryptAead(std::string_view key, std::string_view bound, std::string_view text) {
  if (key.size() != kAeadKeyBytes) std::abort();
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string ciphertext(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  // Without encryption nothing may be sent.
  if (cipher == nullptr ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, Bytes(bound),
                        static_cast<int>(bound.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), Bytes(ciphertext), &length, Bytes(text),
                        static_cast<int>(text.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), Bytes(ciphertext) + length, &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) != 1) {
    std::abort();
  }
  return nonce + ciphertext + tag;
}

std::optional<std::string> DecryptAead(std::string_view key, std::string_view bound,
                                       std::string_view ciphertext) {
  if (key.size() != kAeadKeyBytes || ciphertext.size() < kNonceBytes + kTagBytes)
    return std::nullopt;
  const std::string_view nonce = ciphertext.substr(0, kNonceBytes);
  const std::string_view hidden =
      ciphertext.substr(kNonceBytes, ciphertext.size() - kNonceBytes - kTagBytes);
  std::string tag(ciphertext.substr(ciphertext.size() - kTagBytes));
  std::string text(hidden.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int length = 0;
  if (cipher == nullptr ||
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, Bytes(bound),
                        static_cast<int>(bound.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Bytes(text), &length, Bytes(hidden),
                        static_cast<int>(hidden.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), Bytes(text) + length, &length) != 1) {
    return std::nullopt;
  }
  return text;
}

}  // namespace msp
