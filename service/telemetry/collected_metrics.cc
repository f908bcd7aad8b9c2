// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/collected_metrics.h"

#include <algorithm>

namespace msp::telemetry {
namespace {

prometheus::MetricFamily& FamilyOf(const CollectedMetric& reading,
                                   std::vector<prometheus::MetricFamily>& families) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const auto& one) { return one.name == reading.name; });
  if (found != families.end()) return *found;
  families.push_back({.name = reading.name,
                      .help = reading.help,
                      .type = reading.kind == CollectedMetric::Kind::kGauge
                                  ? prometheus::MetricType::Gauge
                                  : prometheus::MetricType::Counter,
                      .metric = {}});
  return families.back();
}

prometheus::ClientMetric ValueOf(const CollectedMetric& reading, const std::string& label,
                                 double number) {
  prometheus::ClientMetric value;
  if (!reading.label_name.empty())
    value.label.push_back({.name = reading.label_name, .value = label});
  if (reading.kind == CollectedMetric::Kind::kGauge) {
    value.gauge.value = number;
  } else {
    value.counter.value = number;
  }
  return value;
}

}  // namespace

std::vector<prometheus::MetricFamily> CollectedMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  for (const CollectedMetric& reading : readings_) {
    prometheus::MetricFamily& family = FamilyOf(reading, families);
    if (!reading.read_each) {
      family.metric.push_back(ValueOf(reading, reading.label_value, reading.read()));
      continue;
    }
    for (const auto& [label, value] : reading.read_each())
      family.metric.push_back(ValueOf(reading, label, value));
  }
  return families;
}

}  // namespace msp::telemetry
