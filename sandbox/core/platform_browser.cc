// SPDX-License-Identifier: Apache-2.0

// What the customer's browser needs of the API: API tokens of the payment component and what it
// makes with them, Apple Pay sessions; and the evidence that a merchant uploads.
#include <algorithm>

#include "sandbox/core/platform.h"
#include "sandbox/core/read.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

constexpr std::int64_t kTokenLifeMs = 600'000;
constexpr std::size_t kTokensMax = 10'000;
constexpr std::int64_t kSessionLifeMs = 300'000;
constexpr std::size_t kFilesMax = 20;
constexpr std::int64_t kFileNameCharsMax = 200;
constexpr int kNestingMax = 16;

}  // namespace

ApiResponse Platform::NewApiToken(const Site& site) {
  // The oldest expire first, as all live equally long.
  while (!api_tokens_.empty() &&
         (api_tokens_.front().expires_ms <= now_ms_ || api_tokens_.size() >= kTokensMax)) {
    api_tokens_.pop_front();
  }
  ApiToken& token = api_tokens_.emplace_back();
  token.token = "pub.v2." + random_.Letters(40);
  token.account_id = site.account_id;
  token.expires_ms = now_ms_ + kTokenLifeMs;
  return Success({{"api_token", token.token}});
}

bool Platform::IsApiTokenUsable(const Site& site, const std::string& text) const {
  return std::any_of(api_tokens_.begin(), api_tokens_.end(), [&](const ApiToken& token) {
    return token.token == text && token.account_id == site.account_id && !token.used &&
           token.expires_ms > now_ms_;
  });
}

void Platform::UseApiToken(const std::string& text) {
  for (ApiToken& token : api_tokens_) {
    if (token.token == text) token.used = true;
  }
}

Json Platform::ReadPayload(const Json& payment_data) {
  std::string text;
  const std::string payload = TextMember(payment_data, "payload").value_or("");
  if (!Base64Decode(payload, &text) || !NestsAtMost(text, kNestingMax)) return Json::object();
  Json json = Json::parse(text, nullptr, false);
  ZeroizeString(text);
  return json.is_object() ? json : Json::object();
}

ApiResponse Platform::NewApplePaySession(const Json& body) {
  const auto domain = TextMember(body, "origin_domain");
  const auto url = TextMember(body, "validation_url");
  if (!domain || !url || url->rfind("https://", 0) != 0 ||
      domain->find_first_of("/: ") != std::string::npos) {
    return ErrorResponse(1016);
  }
  Count("apple_pay_sessions");
  const Json session{{"epochTimestamp", now_ms_},
                     {"expiresAt", now_ms_ + kSessionLifeMs},
                     {"merchantSessionIdentifier", "SSH" + random_.Letters(60)},
                     {"nonce", random_.Text(8, "0123456789abcdef")},
                     {"merchantIdentifier", random_.Text(64, "0123456789ABCDEF")},
                     {"domainName", *domain},
                     {"displayName", "MultiSafepay"},
                     {"signature", random_.Text(128, "0123456789abcdef")},
                     {"operationalAnalyticsIdentifier", "MultiSafepay:" + random_.Letters(20)},
                     {"retries", 0}};
  // Text, which the browser hands to Apple as it is.
  return Success({{"session", session.dump()}});
}

ApiResponse Platform::AddFile(const Site& site, const std::string& id, const Json& body) {
  Order* order = FindOrder(site.site_id, id);
  if (order == nullptr) return ErrorResponse(1006);
  for (const char* name : {"type", "base64", "description", "name"}) {
    if (!TextMember(body, name)) return ErrorResponse(1016);
  }
  Evidence file;
  file.type = *TextMember(body, "type");
  file.name = *TextMember(body, "name");
  file.description = *TextMember(body, "description");
  const bool known = file.type == "PDF" || file.type == "JPEG" || file.type == "PNG";
  std::string content;
  if (!known || CodePoints(file.name) > kFileNameCharsMax ||
      !Base64Decode(*TextMember(body, "base64"), &content) || content.empty() ||
      order->files.size() >= kFilesMax) {
    return ErrorResponse(1016);
  }
  file.bytes = static_cast<std::int64_t>(content.size());
  order->files.push_back(std::move(file));
  Count("files");
  ApiResponse response = Success(Json::object());
  response.order_id = order->order_id;
  return response;
}

}  // namespace msp::sandbox
