// SPDX-License-Identifier: Apache-2.0

// What a host's name says about where it leads.
#pragma once

#include <string_view>

namespace msp {

// A name other than localhost is none, whatever it looks like: "127.example.com" resolves to
// anywhere.
bool IsLoopback(std::string_view host);

// True where `host` is one of the comma-separated `domains`, or below one. Nothing but letters,
// digits, dots and dashes: no port, no user name, nothing that two parsers read in two ways.
bool IsWithinDomains(std::string_view host, std::string_view domains);

}  // namespace msp
