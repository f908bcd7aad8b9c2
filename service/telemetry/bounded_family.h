// SPDX-License-Identifier: Apache-2.0

// A family of Prometheus metrics whose label values come from outside: the number of values of each
// label is bounded, further ones count as "other". `At` takes a lock and does the library's
// lookup: keep its result for frequent counts. Internal to telemetry.
//
// Owned by Metrics. Any thread.
#pragma once

#include <prometheus/family.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/mutex.h"

namespace msp::telemetry {

struct Label {
  const char* name;
  std::size_t values_max;  // Beyond this: "other".
};

template <class Metric>
class BoundedFamily {
 public:
  using Family = prometheus::Family<Metric>;
  using Make = Metric& (*)(Family& family, const prometheus::Labels& labels);

  BoundedFamily(Family& family, std::vector<Label> labels, Make make)
      : family_(family), make_(make), labels_(std::move(labels)), values_(labels_.size()) {}

  // One value for each label, in order. The metric lives as long as the family.
  Metric& At(std::initializer_list<std::string_view> values) {
    prometheus::Labels labels;
    MutexLock lock(mutex_);
    std::size_t i = 0;
    for (const std::string_view value : values) {
      labels.emplace(labels_[i].name, Bounded(std::string(Cut(value)), i));
      ++i;
    }
    return make_(family_, labels);
  }

 private:
  static constexpr std::size_t kValueBytesMax = 80;

  // Truncated to the maximum, at the end of a character.
  static std::string_view Cut(std::string_view value) {
    if (value.size() <= kValueBytesMax) return value;
    std::size_t end = kValueBytesMax;
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
    return value.substr(0, end);
  }
  std::string Bounded(std::string value, std::size_t label) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::set<std::string>& seen = values_[label];
    if (seen.size() == labels_[label].values_max && !seen.contains(value)) return "other";
    seen.insert(value);
    return value;
  }

  Family& family_;
  const Make make_;
  const std::vector<Label> labels_;
  Mutex mutex_;
  std::vector<std::set<std::string>> values_ ABSL_GUARDED_BY(mutex_);  // Of each label.
};

}  // namespace msp::telemetry
