// SPDX-License-Identifier: Apache-2.0

// The usual process metrics of Prometheus clients: CPU, memory, descriptors, threads, start. Read
// from /proc at each scrape; any thread.
#pragma once

#include "service/telemetry/metrics.h"

namespace msp::telemetry {

void AddProcessMetrics(Metrics& metrics);

}  // namespace msp::telemetry
