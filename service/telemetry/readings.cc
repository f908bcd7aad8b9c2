#include "service/telemetry/readings.h"

#include <algorithm>

namespace msp::telemetry {
namespace {

prometheus::MetricFamily& FamilyOf(const Reading& reading,
                                   std::vector<prometheus::MetricFamily>& families) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const auto& one) { return one.name == reading.name; });
  if (found != families.end()) return *found;
  families.push_back({.name = reading.name,
                      .help = reading.help,
                      .type = reading.kind == Reading::Kind::kGauge
                                  ? prometheus::MetricType::Gauge
                                  : prometheus::MetricType::Counter,
                      .metric = {}});
  return families.back();
}

}  // namespace

std::vector<prometheus::MetricFamily> Readings::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  for (const Reading& reading : readings_) {
    prometheus::ClientMetric value;
    if (!reading.label_name.empty())
      value.label.push_back({.name = reading.label_name, .value = reading.label_value});
    if (reading.kind == Reading::Kind::kGauge) {
      value.gauge.value = reading.read();
    } else {
      value.counter.value = reading.read();
    }
    FamilyOf(reading, families).metric.push_back(std::move(value));
  }
  return families;
}

}  // namespace msp::telemetry
