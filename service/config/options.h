// SPDX-License-Identifier: Apache-2.0

// The server's options: one table, in the order of --help. See Option for its uses.
#pragma once

#include <vector>

#include "service/config/config.h"
#include "service/settings/option.h"

namespace msp {

// They set `config`, whose values are their defaults.
std::vector<Option> OptionsOf(Config& config);

}  // namespace msp
