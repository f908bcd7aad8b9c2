// SPDX-License-Identifier: Apache-2.0

#include "service/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace msp {
namespace {

// There is no safe way to continue without a digest (no memory, no provider): an empty one would
// compare equal to another empty one.
std::string Hmac(const EVP_MD* digest, std::string_view key, std::string_view message) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
  unsigned int length = 0;
  // HMAC() refuses null pointers, which empty views may have.
  if (key.empty()) key = "";
  if (message.empty()) message = "";
  if (HMAC(digest, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(out.data()), &length) == nullptr ||
      length != out.size()) {
    std::abort();
  }
  return out;
}

constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kSha256BlockBytes = 64;

void Demand(bool done) {
  if (!done) std::abort();
}

// Fetched once: by default OpenSSL fetches the algorithm at each use.
const EVP_MD* Sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Demand(algorithm != nullptr);
  return algorithm;
}

// The hash after one block: the key, each byte of it changed by `pad`.
EVP_MD_CTX* AfterBlock(unsigned char* block, unsigned char pad) {
  for (std::size_t i = 0; i < kSha256BlockBytes; ++i) block[i] ^= pad;
  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  Demand(hash != nullptr && EVP_DigestInit_ex(hash, Sha256(), nullptr) == 1 &&
         EVP_DigestUpdate(hash, block, kSha256BlockBytes) == 1);
  for (std::size_t i = 0; i < kSha256BlockBytes; ++i) block[i] ^= pad;
  return hash;
}

// Continues from `start` with `text`.
void Finish(const EVP_MD_CTX* start, std::string_view text, unsigned char* out) {
  struct Context {
    EVP_MD_CTX* hash = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(hash); }
  };
  static thread_local Context context;
  Demand(context.hash != nullptr && EVP_MD_CTX_copy_ex(context.hash, start) == 1 &&
         EVP_DigestUpdate(context.hash, text.data(), text.size()) == 1 &&
         EVP_DigestFinal_ex(context.hash, out, nullptr) == 1);
}

}  // namespace

HmacKey::HmacKey(std::string_view key) {
  unsigned char block[kSha256BlockBytes] = {};
  if (key.size() > kSha256BlockBytes) {
    Demand(EVP_Digest(key.data(), key.size(), block, nullptr, Sha256(), nullptr) == 1);
  } else if (!key.empty()) {
    std::memcpy(block, key.data(), key.size());
  }
  inner_ = AfterBlock(block, 0x36);
  outer_ = AfterBlock(block, 0x5C);
  OPENSSL_cleanse(block, sizeof block);
}

HmacKey::~HmacKey() {
  EVP_MD_CTX_free(inner_);
  EVP_MD_CTX_free(outer_);
}

std::string HmacKey::Of(std::string_view message) const {
  std::string out;
  Append(message, out);
  return out;
}

void HmacKey::Append(std::string_view message, std::string& out) const {
  unsigned char inner[kSha256Bytes];
  Finish(inner_, message, inner);
  const std::size_t start = out.size();
  out.resize(start + kSha256Bytes);
  Finish(outer_, {reinterpret_cast<const char*>(inner), sizeof inner},
         reinterpret_cast<unsigned char*>(out.data() + start));
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  return Hmac(EVP_sha256(), key, message);
}

std::string HmacSha512(std::string_view key, std::string_view message) {
  return Hmac(EVP_sha512(), key, message);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomBytes(std::size_t count) {
  std::string out(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = getrandom(out.data() + filled, count - filled, 0);
    if (got > 0) {
      filled += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      std::abort();  // Predictable bytes would be worse than none.
    }
  }
  return out;
}

}  // namespace msp
