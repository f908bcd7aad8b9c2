// SPDX-License-Identifier: Apache-2.0

// A URL as libcurl reads it, which is also who uses it: no second parser that could read another
// host. Pure; any thread, after InitCurl.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msp::http {

struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;    // Lower case; brackets of an IPv6 literal included.
  std::string port;    // Also where the URL leaves it to the scheme.
  bool has_query = false;
  std::string text;  // The whole URL as libcurl writes it.
};

// Nothing for what is no http(s)://host[:port][/path][?query]: no user, password or fragment.
std::optional<Url> ParseUrl(const std::string& text);

// Where an event stream of MultiSafepay's may be, and so where its token may go: at the address
// `api` itself, by TLS or on the loopback, or by TLS at the usual port of a host within `domains`
// (separated by commas).
bool IsStreamAddress(const Url& stream, const Url& api, std::string_view domains);

}  // namespace msp::http
