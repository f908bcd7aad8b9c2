// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/local_time.h"

#include <charconv>
#include <cstdio>

namespace msp::sandbox {
namespace {

struct Date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days since the epoch of a proleptic Gregorian date; years count from March, so that the leap day
// is last.
std::int64_t DaysOf(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

Date DateOf(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The last Sunday of a month of 31 days, 01:00 UTC, in seconds.
std::int64_t LastSundayS(std::int64_t year, unsigned month) {
  const std::int64_t last = DaysOf(year, month, 31);
  const std::int64_t weekday = (last % 7 + 11) % 7;  // day 0 was a Thursday; 0 is Sunday
  return (last - weekday) * kDayS + kHourS;
}

std::int64_t OffsetS(std::int64_t unix_s) {
  const std::int64_t year = DateOf(FloorDiv(unix_s, kDayS)).year;
  const bool summer = unix_s >= LastSundayS(year, 3) && unix_s < LastSundayS(year, 10);
  return summer ? 2 * kHourS : kHourS;
}

// In the hour that October repeats the first reading wins; March's missing hour reads as an hour
// later.
std::int64_t FromLocalS(std::int64_t local_s) {
  const std::int64_t guess = local_s - 2 * kHourS;
  return local_s - OffsetS(guess);
}

std::string Written(std::int64_t seconds) {
  const Date date = DateOf(FloorDiv(seconds, kDayS));
  const auto second = static_cast<int>(seconds - FloorDiv(seconds, kDayS) * kDayS);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year),
                date.month, date.day, second / 3600, second / 60 % 60, second % 60);
  return text;
}

}  // namespace

std::string LocalTimeText(std::int64_t unix_ms) {
  const std::int64_t unix_s = FloorDiv(unix_ms, 1000);
  return Written(unix_s + OffsetS(unix_s));
}

std::string UtcTime(std::int64_t unix_ms) { return Written(FloorDiv(unix_ms, 1000)) + "Z"; }

std::int64_t NextLocalMidnightMs(std::int64_t unix_ms) {
  const std::int64_t unix_s = FloorDiv(unix_ms, 1000);
  const std::int64_t local = unix_s + OffsetS(unix_s);
  return FromLocalS((FloorDiv(local, kDayS) + 1) * kDayS) * 1000;
}

bool ParseLocalTime(const std::string& text, std::int64_t* unix_ms) {
  std::int64_t seconds = 0;
  std::size_t used = 0;
  if (text.find('-') == std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || after != end || seconds < 0 || seconds >= 1'000'000'000'000)
      return false;
    *unix_ms = seconds * 1000;
    return true;
  }
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0, day = 0;
  // The widths leave no room for an overflow.
  // NOLINTBEGIN(cert-err34-c)
  if (std::sscanf(text.c_str(), "%4d-%2u-%2u%zn", &year, &month, &day, &used) != 3) return false;
  if (used != text.size()) {
    std::size_t more = 0;
    if (std::sscanf(text.c_str() + used, "T%2d:%2d:%2d%zn", &hour, &minute, &second, &more) != 3)
      return false;
    if (used + more != text.size()) return false;
  }
  // NOLINTEND(cert-err34-c)
  if (month < 1 || month > 12 || day < 1 || day > 31 || year < 1970) return false;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  *unix_ms = FromLocalS(DaysOf(year, month, day) * kDayS + hour * kHourS +
                        std::int64_t{minute} * 60 + second) *
             1000;
  return true;
}

int LocalYearMonth(std::int64_t unix_ms) {
  const std::int64_t unix_s = FloorDiv(unix_ms, 1000);
  const Date date = DateOf(FloorDiv(unix_s + OffsetS(unix_s), kDayS));
  return static_cast<int>(date.year % 100) * 100 + static_cast<int>(date.month);
}

}  // namespace msp::sandbox
