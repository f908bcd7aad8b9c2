// SPDX-License-Identifier: Apache-2.0

// The service's log: one JSON line per event on stderr, written by its own thread, never by a
// call's.
//
// Owned by main. Any thread may write. When the descriptor is slower than the calls, lines are
// dropped and counted: a blocked pipe never blocks a payment. Independent of protobuf; the caller
// passes redacted text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "service/telemetry/batching_log_sink.h"
#include "service/telemetry/line.h"

namespace msp::telemetry {

struct LogOptions {
  Level level = Level::kInfo;
  bool json = true;                 // False: "time level event name=value ..." for people.
  int fd = 2;                       // The output; not closed here.
  std::size_t bytes_max = 4 << 20;  // Lines waiting to be written.
};

class Log {
 public:
  explicit Log(LogOptions options);  // The destructor writes waiting lines.
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool Writes(Level level) const { return level >= options_.level; }
  void Write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  // Waits until all lines are written, a second at most: for an immediate end of the process.
  void Flush() { writer_.Flush(); }
  // Lines that were dropped because the descriptor was too slow, or failed.
  std::uint64_t dropped() const { return writer_.dropped(); }

 private:
  const LogOptions options_;
  BatchingLogSink writer_;
};

}  // namespace msp::telemetry
