// The series of one family of Prometheus metrics, found again without a lock, a map or a copy of
// the labels: the library's own look-up costs more than the counting. Internal to telemetry.
//
// Owned by Metrics. Any thread.
#pragma once

#include <prometheus/family.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "service/telemetry/labels.h"

namespace msp::telemetry {

struct Label {
  const char* name;
  std::size_t values_max;  // Beyond them: "other".
};

template <class Metric, std::size_t kLabels>
class Series {
 public:
  using Family = prometheus::Family<Metric>;
  using Values = std::array<std::string_view, kLabels>;
  // Makes the library's own object for a set of labels, once for each.
  using Make = std::function<Metric&(Family&, const prometheus::Labels&)>;

  Series(Family& family, const std::array<Label, kLabels>& labels, Make make)
      : family_(family), make_(std::move(make)) {
    std::size_t cells = 1;
    for (std::size_t i = 0; i < kLabels; ++i) {
      names_[i] = labels[i].name;
      values_[i] = std::make_unique<LabelValues>(labels[i].values_max);
      cells *= values_[i]->numbers();
    }
    cells_ = std::make_unique<std::atomic<Metric*>[]>(cells);
  }

  Metric& At(const Values& values) {
    std::array<std::size_t, kLabels> numbers;
    std::size_t cell = 0;
    for (std::size_t i = 0; i < kLabels; ++i) {
      numbers[i] = values_[i]->NumberOf(values[i]);
      cell = cell * values_[i]->numbers() + numbers[i];
    }
    Metric* const known = cells_[cell].load(std::memory_order_acquire);
    return known != nullptr ? *known : Add(cell, numbers);
  }

 private:
  // Two threads may both come here: the library gives both the same object.
  Metric& Add(std::size_t cell, const std::array<std::size_t, kLabels>& numbers) {
    prometheus::Labels labels;
    for (std::size_t i = 0; i < kLabels; ++i)
      labels.emplace(names_[i], std::string(values_[i]->ValueOf(numbers[i])));
    Metric& made = make_(family_, labels);
    cells_[cell].store(&made, std::memory_order_release);
    return made;
  }

  Family& family_;
  const Make make_;
  std::array<const char*, kLabels> names_;
  std::array<std::unique_ptr<LabelValues>, kLabels> values_;
  std::unique_ptr<std::atomic<Metric*>[]> cells_;
};

}  // namespace msp::telemetry
