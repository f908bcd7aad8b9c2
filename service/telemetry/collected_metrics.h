// SPDX-License-Identifier: Apache-2.0

// Values that are kept elsewhere and read at each scrape, as the library's families. Internal to
// telemetry; owned by Metrics. Added before the first scrape, read by any thread.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "service/telemetry/metrics.h"

namespace msp::telemetry {

class CollectedMetrics {
 public:
  void Add(CollectedMetric metric) { metrics_.push_back(std::move(metric)); }
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  std::vector<CollectedMetric> metrics_;
};

}  // namespace msp::telemetry
