// SPDX-License-Identifier: Apache-2.0

#include "service/webhooks/token.h"

#include <cstdint>

#include "service/base/hash.h"
#include "service/base/text.h"

namespace msp::webhooks {
namespace {

// Version, order mark, digest of the state, `modified`, payment state, check.
constexpr char kVersion = '\x02';
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kTokenDigestBytes = 16;
constexpr std::size_t kModifiedBytes = 8;
constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kContentBytes = 1 + kMarkBytes + kTokenDigestBytes + kModifiedBytes + 1;

std::string CheckOf(std::string_view site, std::string_view content) {
  std::string text(site);
  text.push_back('\0');
  text.append(content);
  return HmacSha256("msp resume token", text).substr(0, kCheckBytes);
}

}  // namespace

std::string MakeToken(std::string_view site, const LastSent& last_sent) {
  std::string bytes(1, kVersion);
  bytes.append(last_sent.order_mark).append(last_sent.digest);
  const auto modified = static_cast<std::uint64_t>(last_sent.modified);
  for (std::size_t i = kModifiedBytes; i-- > 0;)
    bytes.push_back(static_cast<char>(modified >> (8 * i) & 0xFFU));
  bytes.push_back(static_cast<char>(last_sent.payment_state));
  bytes.append(CheckOf(site, bytes));
  return Base64(bytes);
}

std::optional<LastSent> ReadToken(std::string_view token, std::string_view site) {
  std::string bytes;
  if (!Base64Decode(token, &bytes) || bytes.size() != kContentBytes + kCheckBytes ||
      bytes.front() != kVersion)
    return std::nullopt;
  const std::string_view content = std::string_view(bytes).substr(0, kContentBytes);
  if (CheckOf(site, content) != bytes.substr(kContentBytes)) return std::nullopt;
  LastSent last_sent;
  std::string_view rest = content.substr(1);
  last_sent.order_mark = rest.substr(0, kMarkBytes);
  last_sent.digest = rest.substr(kMarkBytes, kTokenDigestBytes);
  rest.remove_prefix(kMarkBytes + kTokenDigestBytes);
  std::uint64_t modified = 0;
  for (const char byte : rest.substr(0, kModifiedBytes))
    modified = modified << 8 | static_cast<unsigned char>(byte);
  last_sent.modified = static_cast<std::int64_t>(modified);
  last_sent.payment_state = static_cast<multisafepay::v1::PaymentState>(rest.back());
  return last_sent;
}

}  // namespace msp::webhooks
