// SPDX-License-Identifier: Apache-2.0

// The audit log: one JSON line for each call that could move money, appended to its own file, which
// nothing else writes and nothing rewrites.
//
// Owned by main; any thread writes. As with the log, a stuck or full disk loses lines, which are
// counted, but delays no call: with `flush` a call waits for its line for a second at most.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/base/timer.h"
#include "service/telemetry/batching_log_sink.h"
#include "service/telemetry/line.h"

namespace msp::telemetry {

struct AuditOptions {
  std::string file;    // Created with mode 0600 when absent.
  bool flush = false;  // A call's line is on disk before its reply is sent.
  std::int64_t timeout_ms = 1'000;
};

class Audit {
 public:
  using Then = absl::AnyInvocable<void() &&>;

  static absl::StatusOr<std::unique_ptr<Audit>> Open(const AuditOptions& options);
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  bool flushes() const { return options_.flush; }
  // Appends the line.
  void Write(std::initializer_list<Field> fields);
  // The same; `then` runs once, on a thread of this log, when the line is on disk, was lost, or the
  // timeout has elapsed.
  void WriteThen(std::initializer_list<Field> fields, Then then);

  // Lines that never reached the file, and replies that were sent after the timeout, without their
  // line.
  std::uint64_t dropped() const { return writer_->dropped(); }
  std::uint64_t unflushed() const { return unflushed_.load(std::memory_order_relaxed); }

 private:
  Audit(int fd, const AuditOptions& options);

  const int fd_;
  const AuditOptions options_;
  std::atomic<std::uint64_t> unflushed_{0};
  Timer timer_;
  std::unique_ptr<BatchingLogSink> writer_;  // Destroyed first: its closures use the others.
};

}  // namespace msp::telemetry
