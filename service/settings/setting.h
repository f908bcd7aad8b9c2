// SPDX-License-Identifier: Apache-2.0

// Helpers for checks of settings: error texts, ranges, addresses. Only for config*.cc, at the
// start, on one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace msp {

// "--setting: why".
absl::Status Invalid(absl::string_view setting, absl::string_view why);

// An error where `value` is not within `min` to `max`, which it names.
absl::Status InRange(absl::string_view setting, std::int64_t value, std::int64_t min,
                     std::int64_t max);

// "host:port", port 0 included.
bool IsHostAndPort(std::string_view listen);

// The host of "http://host:port/path", brackets of an IPv6 literal included.
std::string_view HostOf(std::string_view url);

// The value of a setting without the user name and password of a URL.
std::string RedactedValue(std::string value);

}  // namespace msp
