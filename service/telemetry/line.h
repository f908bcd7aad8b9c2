// SPDX-License-Identifier: Apache-2.0

// Formats a log line from named values: JSON for machines, or "name=value" for people. Pure except
// for the time of day; any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace msp::telemetry {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error"; false otherwise.
bool ParseLevel(std::string_view text, Level* level);

// A named value of a line. Text is escaped; empty text is omitted.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;
  std::string_view name;
  Value value;
};

// A time in microseconds as a field's value.
inline double Milliseconds(std::int64_t us) { return static_cast<double>(us) / 1000; }

// Replaces `out` by the line including its end: time, level, event, then the fields.
void FormatLine(Level level, std::string_view event, std::initializer_list<Field> fields, bool json,
                std::string& out);

// Appends UTC with milliseconds: 2026-01-31T12:00:00.123Z.
void AppendTime(std::int64_t unix_ms, std::string& out);
std::int64_t UnixMsNow();

}  // namespace msp::telemetry
