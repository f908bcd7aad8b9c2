// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/log.h"

#include <string>

namespace msp::telemetry {

Log::Log(LogOptions options)
    : options_(options), writer_({.fd = options.fd, .bytes_max = options.bytes_max}) {}

void Log::Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!Writes(level)) return;
  static thread_local std::string line;
  FormatLine(level, event, fields, options_.json, line);
  writer_.Add(line);
}

}  // namespace msp::telemetry
