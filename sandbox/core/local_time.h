// SPDX-License-Identifier: Apache-2.0

// Amsterdam's clock, in which MultiSafepay writes its timestamps (without a zone).
//
// The European rule for summer time is computed, so that no time zone data is needed: from 01:00
// UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
#pragma once

#include <cstdint>
#include <string>

namespace msp::sandbox {

inline constexpr std::int64_t kSecondMs = 1'000;
inline constexpr std::int64_t kHourS = 3'600;
inline constexpr std::int64_t kDayS = 24 * kHourS;

// "2026-03-29T03:00:00" for a time in milliseconds since the epoch.
std::string LocalTimeText(std::int64_t unix_ms);

// "2026-03-29T01:00:00Z": the few members that are published with a zone.
std::string UtcTime(std::int64_t unix_ms);

// The next midnight in Amsterdam, strictly later than `unix_ms`.
std::int64_t NextLocalMidnightMs(std::int64_t unix_ms);

// Reads YYYY-MM-DD, YYYY-MM-DDThh:mm:ss (both Amsterdam time) or unix seconds; false for anything
// else.
bool ParseLocalTime(const std::string& text, std::int64_t* unix_ms);

// Year and month, as YYMM.
int LocalYearMonth(std::int64_t unix_ms);

}  // namespace msp::sandbox
