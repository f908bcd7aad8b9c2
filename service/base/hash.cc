#include "service/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace msp {
namespace {

// A digest that cannot be computed (no memory, no provider) leaves nothing safe to go on with: an
// empty one would compare equal to another empty one.
std::string Hmac(const EVP_MD* digest, std::string_view key, std::string_view message) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
  unsigned int length = 0;
  // HMAC() refuses null pointers, which is what empty views may hold.
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

}  // namespace

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
