// SPDX-License-Identifier: Apache-2.0

// `msp webhook`: verifies a notification's signature, or creates one and posts it. For debugging a
// receiver; does not call the service.
#pragma once

#include "client/cli/arguments.h"
#include "client/cli/run.h"

namespace msp::cli {

// Both return the exit code.
int VerifyWebhook(const Arguments& arguments, CommandIo& io);
int SendWebhook(const Arguments& arguments, CommandIo& io);

}  // namespace msp::cli
