// SPDX-License-Identifier: Apache-2.0

// Classifies host names.
#pragma once

#include <string_view>

namespace msp {

// Of names only localhost counts: "127.example.com" may resolve to any address.
bool IsLoopback(std::string_view host);

// True where `host` is one of the comma-separated `domains` or a subdomain of one. Only letters,
// digits, dots and dashes are allowed: no port, no user name, nothing ambiguous to parsers.
bool IsWithinDomains(std::string_view host, std::string_view domains);

}  // namespace msp
