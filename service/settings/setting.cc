// SPDX-License-Identifier: Apache-2.0

#include "service/settings/setting.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace msp {

absl::Status Invalid(absl::string_view setting, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--", setting, ": ", why));
}

absl::Status InRange(absl::string_view setting, std::int64_t value, std::int64_t min,
                     std::int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Invalid(setting, absl::StrCat("is ", value, ", but must be ", min, " to ", max));
}

bool IsHostAndPort(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  int port = -1;
  return absl::SimpleAtoi(absl::string_view(listen.data() + colon + 1, listen.size() - colon - 1),
                          &port) &&
         port >= 0 && port <= 65'535;
}

std::string_view HostOf(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.substr(0, 1) == "[") return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

std::string RedactedValue(std::string value) {
  const std::size_t scheme = value.find("://");
  const std::size_t user = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = value.rfind('@', value.find_first_of("/?#", user));
  if (at == std::string::npos || at < user) return value;
  return value.replace(user, at - user, "***");
}

}  // namespace msp
