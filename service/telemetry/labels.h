// The values that one label has taken so far, each under a small number. Bounded: what comes after
// the last free number is "other", so that a label never has more values than its table says.
//
// Owned by a family of metrics. Any thread; a value that is known already is found without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "service/base/mutex.h"

namespace msp::telemetry {

class LabelValues {
 public:
  explicit LabelValues(std::size_t values_max);
  LabelValues(const LabelValues&) = delete;
  LabelValues& operator=(const LabelValues&) = delete;

  // The value's number, below `numbers()`; the last one stands for "other". Values are cut to 80
  // bytes, at a character's end.
  std::size_t NumberOf(std::string_view value);
  std::size_t numbers() const { return max_ + 1; }
  // Of a number that `NumberOf` gave.
  std::string_view ValueOf(std::size_t number) const;

 private:
  struct Entry {
    std::size_t hash = 0;
    std::string value;
  };
  std::size_t Find(std::size_t hash, std::string_view value, std::size_t count) const;

  const std::size_t max_;
  const std::unique_ptr<Entry[]> entries_;  // The first `count_` never change.
  std::atomic<std::size_t> count_{0};
  Mutex mutex_;  // For adding one.
};

}  // namespace msp::telemetry
