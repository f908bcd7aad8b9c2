#include "service/telemetry/labels.h"

#include <functional>

namespace msp::telemetry {
namespace {

constexpr std::size_t kValueBytesMax = 80;

std::string_view Cut(std::string_view value) {
  if (value.size() <= kValueBytesMax) return value;
  std::size_t end = kValueBytesMax;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return value.substr(0, end);
}

}  // namespace

LabelValues::LabelValues(std::size_t values_max)
    : max_(values_max), entries_(std::make_unique<Entry[]>(values_max)) {}

std::size_t LabelValues::Find(std::size_t hash, std::string_view value, std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (entries_[i].hash == hash && entries_[i].value == value) return i;
  }
  return max_;
}

std::size_t LabelValues::NumberOf(std::string_view value) {
  value = Cut(value);
  const std::size_t hash = std::hash<std::string_view>()(value);
  const std::size_t known = Find(hash, value, count_.load(std::memory_order_acquire));
  if (known != max_) return known;
  MutexLock lock(mutex_);
  const std::size_t count = count_.load(std::memory_order_relaxed);
  const std::size_t added = Find(hash, value, count);
  if (added != max_ || count == max_) return added;
  entries_[count] = {.hash = hash, .value = std::string(value)};
  count_.store(count + 1, std::memory_order_release);
  return count;
}

std::string_view LabelValues::ValueOf(std::size_t number) const {
  return number == max_ ? std::string_view("other") : entries_[number].value;
}

}  // namespace msp::telemetry
