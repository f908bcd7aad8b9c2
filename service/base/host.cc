// SPDX-License-Identifier: Apache-2.0

#include "service/base/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace msp {

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1" || host == "[::1]") return true;
  in_addr address{};
  return host.substr(0, 4) == "127." &&
         inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

bool IsWithinDomains(std::string_view host, std::string_view domains) {
  const std::string name = absl::AsciiStrToLower({host.data(), host.size()});
  if (name.empty() ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos)
    return false;
  const std::vector<std::string> allowed = absl::StrSplit(
      absl::string_view(domains.data(), domains.size()), ',', absl::SkipWhitespace());
  return std::ranges::any_of(allowed, [&](const std::string& text) {
    const std::string domain = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text));
    return name == domain || name.ends_with("." + domain);
  });
}

}  // namespace msp
