// SPDX-License-Identifier: Apache-2.0

// A URL as parsed by libcurl, which also uses it: a second parser could see another host. Pure; any
// thread, after InitCurl.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msp::curl {

struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;    // Lower case; brackets of an IPv6 literal included.
  std::string port;    // The scheme's default where the URL has none.
  bool has_query = false;
  std::string text;  // The whole URL as libcurl writes it.
};

// Nothing unless `text` is http(s)://host[:port][/path][?query], without user, password or
// fragment.
std::optional<Url> ParseUrl(const std::string& text);

// True where an event stream of MultiSafepay's may be, so where its token may be sent: the address
// `api` itself, by TLS or on the loopback, or by TLS at the default port of a host within `domains`
// (separated by commas).
bool IsStreamAddress(const Url& stream, const Url& api, std::string_view domains);

}  // namespace msp::curl
