// SPDX-License-Identifier: Apache-2.0

// One GET over a connection of its own, for the ports that a program under test serves.
#pragma once

#include <string>

namespace msp::testing {

// The whole answer, status line and headers included; "" when there was none. `address` is
// "127.0.0.1:PORT".
std::string HttpGet(const std::string& address, const std::string& target);

// The value of a series of /metrics, by its name and labels as they are written; -1 for none.
double MetricOf(const std::string& address, const std::string& series);

}  // namespace msp::testing
