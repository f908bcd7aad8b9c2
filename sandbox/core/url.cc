// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/url.h"

#include <algorithm>

#include "service/base/text.h"

namespace msp::sandbox {

std::string WithQuery(std::string_view url, std::string_view name, std::string_view value) {
  // What follows a '#' stays in the browser: the query goes before it.
  const std::size_t fragment = std::min(url.find('#'), url.size());
  std::string out(url.substr(0, fragment));
  out += out.find('?') == std::string::npos ? '?' : '&';
  out += name;
  out += '=';
  out += PercentEncoded(value);
  out += url.substr(fragment);
  return out;
}

bool IsLoopbackUrl(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (url.substr(0, scheme.size()) != scheme) continue;
    const std::string_view authority =
        url.substr(scheme.size(), url.find_first_of("/?#", scheme.size()) - scheme.size());
    if (authority.substr(0, 5) == "[::1]") return authority.size() == 5 || authority[5] == ':';
    const std::string_view host = authority.substr(0, authority.find(':'));
    // Digits and points alone: "127.0.0.1.example.com" and "127.0.0.1@example.com" are elsewhere.
    const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || (numeric && host.substr(0, 4) == "127.");
  }
  return false;
}

}  // namespace msp::sandbox
