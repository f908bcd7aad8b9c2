// SPDX-License-Identifier: Apache-2.0

#include "service/base/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "service/base/text.h"

namespace msp {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1" || host == "[::1]") return true;
  in_addr address{};
  return host.substr(0, 4) == "127." &&
         inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

bool IsWithinDomains(std::string_view host, std::string_view domains) {
  const std::string name = LowerCase(host);
  if (name.empty() ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos)
    return false;
  while (!domains.empty()) {
    const std::size_t comma = std::min(domains.find(','), domains.size());
    const std::string domain = LowerCase(Trimmed(domains.substr(0, comma)));
    domains.remove_prefix(std::min(comma + 1, domains.size()));
    if (!domain.empty() && (name == domain || name.ends_with("." + domain))) return true;
  }
  return false;
}

}  // namespace msp
