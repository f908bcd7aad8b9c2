// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/collected_metrics.h"

#include <algorithm>

namespace msp::telemetry {
namespace {

prometheus::MetricFamily& FamilyOf(const CollectedMetric& metric,
                                   std::vector<prometheus::MetricFamily>& families) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const auto& one) { return one.name == metric.name; });
  if (found != families.end()) return *found;
  families.push_back({.name = metric.name,
                      .help = metric.help,
                      .type = metric.kind == CollectedMetric::Kind::kGauge
                                  ? prometheus::MetricType::Gauge
                                  : prometheus::MetricType::Counter,
                      .metric = {}});
  return families.back();
}

prometheus::ClientMetric ValueOf(const CollectedMetric& metric, const std::string& label,
                                 double number) {
  prometheus::ClientMetric value;
  if (!metric.label_name.empty())
    value.label.push_back({.name = metric.label_name, .value = label});
  if (metric.kind == CollectedMetric::Kind::kGauge) {
    value.gauge.value = number;
  } else {
    value.counter.value = number;
  }
  return value;
}

}  // namespace

std::vector<prometheus::MetricFamily> CollectedMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  for (const CollectedMetric& metric : metrics_) {
    prometheus::MetricFamily& family = FamilyOf(metric, families);
    if (!metric.read_each) {
      family.metric.push_back(ValueOf(metric, metric.label_value, metric.read()));
      continue;
    }
    for (const auto& [label, value] : metric.read_each())
      family.metric.push_back(ValueOf(metric, label, value));
  }
  return families;
}

}  // namespace msp::telemetry
