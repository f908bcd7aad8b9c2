// SPDX-License-Identifier: Apache-2.0

#include "tests/load/journal.h"

#include <algorithm>
#include <utility>

#include "tests/load/text.h"

namespace msp::load {
namespace {

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Reorders the values.
double At(std::vector<double>& values, double quantile) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::size_t>(quantile * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

}  // namespace

void Journal::Add(Ended call, const std::string& kind) {
  const auto entry = kinds_.try_emplace(kind).first;
  ++entry->second;
  call.kind = &entry->first;
  calls_.push_back(call);
}

void Journal::Append(const Journal& other) {
  for (const Ended& call : other.calls_) Add(call, *call.kind);
}

long Journal::Count(const Which& which) const {
  return std::count_if(calls_.begin(), calls_.end(), which);
}

double Journal::QuantileMs(double quantile, const Which& which) const {
  std::vector<double> times;
  for (const Ended& call : calls_) {
    if (which(call)) times.push_back(Milliseconds(call.end - call.sent));
  }
  return At(times, quantile);
}

double Journal::LagMs(double quantile) const {
  std::vector<double> lags;
  lags.reserve(calls_.size());
  for (const Ended& call : calls_) lags.push_back(Milliseconds(call.sent - call.due));
  return At(lags, quantile);
}

double Journal::PerSecond(const std::string& kind, Clock::time_point from,
                          Clock::time_point to) const {
  const long count = Count(
      [&](const Ended& call) { return call.end >= from && call.end < to && *call.kind == kind; });
  return static_cast<double>(count) / std::chrono::duration<double>(to - from).count();
}

void Journal::Print() const {
  for (const auto& [kind, count] : kinds_) {
    const Which which = Is(kind);
    Say(Text("%8ld  %-52s p50 %8.1f ms, p99 %8.1f ms, longest %8.1f ms", count, kind.c_str(),
             QuantileMs(0.5, which), QuantileMs(0.99, which), QuantileMs(1, which)));
  }
}

Which All() {
  return [](const Ended&) { return true; };
}

Which Is(std::string kind) {
  return [kind = std::move(kind)](const Ended& call) { return *call.kind == kind; };
}

Which SentWithin(Clock::time_point from, Clock::time_point to) {
  return [from, to](const Ended& call) { return call.sent >= from && call.sent < to; };
}

Which Not(Which which) {
  return [which = std::move(which)](const Ended& call) { return !which(call); };
}

Which Both(Which one, Which other) {
  return [one = std::move(one), other = std::move(other)](const Ended& call) {
    return one(call) && other(call);
  };
}

}  // namespace msp::load
