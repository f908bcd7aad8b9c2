#include "service/notify/token.h"

#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::notify {
namespace {

constexpr char kVersion = '\x01';
constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kProofBytes = 16;

std::string ProofOf(std::string_view key, std::string_view site, std::string_view order_id,
                    std::string_view digest) {
  std::string text = "msp resume token";
  for (const std::string_view part : {site, order_id, digest}) {
    text.push_back('\0');
    text.append(part);
  }
  return HmacSha256(Trimmed(key), text).substr(0, kProofBytes);
}

}  // namespace

std::string MakeToken(std::string_view key, std::string_view site, std::string_view order_id,
                      std::string_view digest) {
  std::string bytes(1, kVersion);
  bytes.append(digest).append(ProofOf(key, site, order_id, digest));
  return Base64(bytes);
}

std::optional<std::string> DigestIn(std::string_view token, absl::Span<const std::string_view> keys,
                                    std::string_view site, std::string_view order_id) {
  std::string bytes;
  if (!Base64Decode(token, &bytes) || bytes.size() != 1 + kDigestBytes + kProofBytes ||
      bytes.front() != kVersion)
    return std::nullopt;
  std::string digest = bytes.substr(1, kDigestBytes);
  const std::string proof = bytes.substr(1 + kDigestBytes);
  for (const std::string_view key : keys) {
    if (EqualInConstantTime(proof, ProofOf(key, site, order_id, digest))) return digest;
  }
  return std::nullopt;
}

}  // namespace msp::notify
