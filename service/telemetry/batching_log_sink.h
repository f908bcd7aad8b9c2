// SPDX-License-Identifier: Apache-2.0

// Writes lines to a file descriptor: gathers them in memory and writes them in batches on its own
// thread. The caller only copies its line. A slow, stuck or full sink loses lines, which are
// counted, but never delays the caller.
//
// Owned by a log; any thread adds. Batches, because a logger that woke its thread for each line
// cost a call 15 us of CPU, a fifth of the whole (docs/architecture.md, decisions).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "service/base/mutex.h"

namespace msp::telemetry {

struct BatchingLogSinkOptions {
  int fd = -1;                          // Not closed here.
  bool sync = false;                    // fdatasync after each batch.
  std::size_t bytes_max = 4 << 20;      // Of waiting lines; new lines are dropped beyond it.
  std::chrono::milliseconds gather{5};  // Lines within this time are written together.
};

class BatchingLogSink {
 public:
  // Runs on the sink's thread: true when the line was written, and synced with `sync`.
  using Written = absl::AnyInvocable<void(bool) &&>;

  explicit BatchingLogSink(BatchingLogSinkOptions options);
  // Writes waiting lines; gives up on a stuck descriptor after a second.
  ~BatchingLogSink();
  BatchingLogSink(const BatchingLogSink&) = delete;
  BatchingLogSink& operator=(const BatchingLogSink&) = delete;

  // `line` includes its line end.
  void Add(std::string_view line);
  // The same without the wait for other lines; `written` runs once.
  void AddUrgent(std::string_view line, Written written);
  // Waits until all lines added so far are written, a second at most.
  void Flush();

  // Lines that never reached the descriptor.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    std::string text;
    std::vector<Written> waiting;
  };

  bool AddLocked(std::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  // Waits for lines; false at the end.
  bool Gather(Batch& batch);
  bool WriteOut(const Batch& batch);
  // The bytes of `text` that were written before an error or the timeout.
  std::size_t WriteSome(std::string_view text);
  bool GivesUp();

  const BatchingLogSinkOptions options_;
  const bool is_file_;  // A file accepts any amount at once; others what poll() promises.
  std::atomic<std::uint64_t> dropped_{0};
  bool partial_line_ = false;  // The last write ended within a line. Only for the thread.
  Mutex mutex_;
  CondVar changed_;
  Batch next_ ABSL_GUARDED_BY(mutex_);
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;  // The thread waits for a first line.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point give_up_at_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // Last: it uses the members above.
};

}  // namespace msp::telemetry
