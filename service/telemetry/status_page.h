// SPDX-License-Identifier: Apache-2.0

// /statusz: one page that shows whether payments go through and whose fault it is if not. HTML
// without scripts; every value is escaped here. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/telemetry/recent_errors.h"

namespace msp::telemetry {

struct StatusFacts {
  // Name and value, in the order of their table.
  using Table = std::vector<std::pair<std::string, std::string>>;
  Table server;
  Table upstream;
  Table settings;  // Masked already.
  std::vector<ErrorRecord> errors;
};

std::string StatusPage(const StatusFacts& facts);

}  // namespace msp::telemetry
