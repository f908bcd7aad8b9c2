// SPDX-License-Identifier: Apache-2.0

// One GET over a connection of its own, for the ports that a program under test serves.
#pragma once

#include <string>

namespace msp::testing {

// The whole answer, status line and headers included; "" when there was none. `address` is
// "127.0.0.1:PORT".
std::string HttpGet(const std::string& address, const std::string& target);

}  // namespace msp::testing
