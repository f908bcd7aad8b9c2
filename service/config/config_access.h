// SPDX-License-Identifier: Apache-2.0

// The settings that say who may call: sites and their keys, TLS, what one client may use. Part of
// config.cc, which alone calls it.
#pragma once

#include "absl/status/status.h"
#include "service/config/config.h"

namespace msp {

// Fills in and checks those members of `config`; `config.api_url` is known. Reads the key files and
// the certificates, and wipes MSP_API_KEY from the environment. An error names the setting.
absl::Status LoadAccess(Config& config);

}  // namespace msp
