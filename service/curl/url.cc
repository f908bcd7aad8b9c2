// SPDX-License-Identifier: Apache-2.0

#include "service/curl/url.h"

#include <curl/curl.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "service/base/host.h"

namespace msp::curl {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// Nothing where the URL lacks this part.
std::optional<std::string> Part(const Handle& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

std::optional<Url> ParseUrl(const std::string& text) {
  // Checked before libcurl, which would accept "HTTP:/host" and end at a NUL.
  if (!text.starts_with("http://") && !text.starts_with("https://")) return std::nullopt;
  if (text.find('\0') != std::string::npos) return std::nullopt;
  const Handle url(curl_url(), &curl_url_cleanup);
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  auto host = Part(url, CURLUPART_HOST);
  auto whole = Part(url, CURLUPART_URL);
  if (!host || host->empty() || !whole || Part(url, CURLUPART_USER) ||
      Part(url, CURLUPART_PASSWORD) || Part(url, CURLUPART_FRAGMENT))
    return std::nullopt;
  absl::AsciiStrToLower(&*host);
  return Url{.scheme = Part(url, CURLUPART_SCHEME).value_or(""),
             .host = *std::move(host),
             .port = Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or(""),
             .has_query = Part(url, CURLUPART_QUERY).has_value(),
             .text = *std::move(whole)};
}

bool IsStreamAddress(const Url& stream, const Url& api, std::string_view domains) {
  const bool tls = stream.scheme == "https";
  if (stream.scheme == api.scheme && stream.host == api.host && stream.port == api.port)
    return tls || IsLoopback(stream.host);
  return tls && stream.port == "443" && IsWithinDomains(stream.host, domains);
}

}  // namespace msp::curl
