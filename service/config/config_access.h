// SPDX-License-Identifier: Apache-2.0

// The settings for access: sites and their keys, TLS, limits of a client. Part of config.cc, its
// only caller.
#pragma once

#include "absl/status/status.h"
#include "service/config/config.h"

namespace msp {

// Sets and checks those members of `config`, after `config.api_url`. Reads the key files and the
// certificates, and removes MSP_API_KEY from the environment. An error names the setting.
absl::Status LoadAccess(Config& config);

}  // namespace msp
