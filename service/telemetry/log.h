// SPDX-License-Identifier: Apache-2.0

// The service's log: one JSON line per event on stderr, written by a thread of its own, never by a
// call's.
//
// Owned by main. Any thread may write. When the sink is slower than the calls, lines are dropped
// and counted: a blocked pipe never blocks a payment. Knows nothing of protobuf; the caller
// passes text that is already redacted.
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
  int fd = 2;                       // Where lines go; not closed.
  std::size_t bytes_max = 4 << 20;  // Lines waiting to be written.
};

class Log {
 public:
  explicit Log(LogOptions options);  // The destructor writes what is waiting.
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool Writes(Level level) const { return level >= options_.level; }
  void Write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  // Waits until what was written is out, a second at most: before the process ends at once.
  void Flush() { writer_.Flush(); }
  // Lines that were dropped because the sink was too slow, or failed.
  std::uint64_t dropped() const { return writer_.dropped(); }

 private:
  const LogOptions options_;
  BatchingLogSink writer_;
};

}  // namespace msp::telemetry
