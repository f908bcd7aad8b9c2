// SPDX-License-Identifier: Apache-2.0

#include "service/payments/upstream_time.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace msp::payments {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_seconds;

bool Number(std::string_view text, int* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && text.front() != '-' &&
         text.front() != '+';
}

// 01:00 UTC on the last Sunday of a month: when summer time begins and ends in the European Union.
sys_seconds LastSunday(std::chrono::year year, std::chrono::month month) {
  return std::chrono::sys_days(year / month / std::chrono::Sunday[std::chrono::last]) + hours(1);
}

}  // namespace

std::optional<std::int64_t> UpstreamTimeSeconds(std::string_view text) {
  // YYYY-MM-DDThh:mm:ss
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != '0' && text[i] != kShape[i]) return std::nullopt;
  }
  std::array<int, 6> part{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kParts{
      {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (!Number(text.substr(kParts[i].first, kParts[i].second), &part[i])) return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(part[0]),
                                         std::chrono::month(static_cast<unsigned>(part[1])),
                                         std::chrono::day(static_cast<unsigned>(part[2]))};
  if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 59) return std::nullopt;
  const sys_seconds local = std::chrono::sys_days(date) + hours(part[3]) +
                            std::chrono::minutes(part[4]) + std::chrono::seconds(part[5]);
  // Winter time is UTC+1. Both changes are instants, so compare in UTC, assuming summer time first.
  const sys_seconds as_summer = local - hours(2);
  const bool summer = as_summer >= LastSunday(date.year(), std::chrono::March) &&
                      as_summer < LastSunday(date.year(), std::chrono::October);
  return (summer ? as_summer : local - hours(1)).time_since_epoch().count();
}

}  // namespace msp::payments
