// SPDX-License-Identifier: Apache-2.0

// The process as Prometheus clients describe it everywhere: CPU, memory, descriptors, threads,
// start. Read from /proc at each scrape; any thread.
#pragma once

#include "service/telemetry/metrics.h"

namespace msp::telemetry {

void AddProcessReadings(Metrics& metrics);

}  // namespace msp::telemetry
