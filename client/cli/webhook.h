// SPDX-License-Identifier: Apache-2.0

// `msp webhook`: checks a notification's signature, or makes one and posts it. For debugging a
// receiver; talks to no service of ours.
#pragma once

#include "client/cli/arguments.h"
#include "client/cli/run.h"

namespace msp::cli {

// Both return the exit code.
int VerifyWebhook(const Arguments& arguments, Surroundings& surroundings);
int SendWebhook(const Arguments& arguments, Surroundings& surroundings);

}  // namespace msp::cli
