// SPDX-License-Identifier: Apache-2.0

// Lines on their way to a file descriptor: gathered in memory, written many at a time by a thread
// of its own. The caller copies its line and goes on; a sink that is slow, stuck or full costs
// lines, which are counted, and never time.
//
// Owned by a log; any thread adds. A batch, not a queue of lines: a logger that woke its thread for
// each line cost a call 15 us of CPU, a fifth of the whole (docs/architecture.md, decisions).
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
  int fd = -1;                          // Not closed by the writer.
  bool sync = false;                    // fdatasync after each batch.
  std::size_t bytes_max = 4 << 20;      // Waiting lines; new ones are dropped beyond it.
  std::chrono::milliseconds gather{5};  // What comes within this time goes out together.
};

class BatchingLogSink {
 public:
  // Runs on the writer's thread: true when the line was written, and synced where that is asked
  // for.
  using Written = absl::AnyInvocable<void(bool) &&>;

  explicit BatchingLogSink(BatchingLogSinkOptions options);
  // Writes what is waiting; gives up on a stuck sink after a second.
  ~BatchingLogSink();
  BatchingLogSink(const BatchingLogSink&) = delete;
  BatchingLogSink& operator=(const BatchingLogSink&) = delete;

  // `line` with its end.
  void Add(std::string_view line);
  // The same without the wait for others; `written` runs once.
  void AddUrgent(std::string_view line, Written written);
  // Waits until all lines added so far are out, a second at most.
  void Flush();

  // Lines that never reached the sink.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    std::string text;
    std::vector<Written> waiting;
  };

  bool AddLocked(std::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  // Waits for lines; false when there will be none.
  bool Gather(Batch& batch);
  bool WriteOut(const Batch& batch);
  // What was written of `text` before the sink failed, or the writer gave up.
  std::size_t WriteSome(std::string_view text);
  bool GivesUp();

  const BatchingLogSinkOptions options_;
  const bool is_file_;  // Takes any amount at once; others take what a poll promises.
  std::atomic<std::uint64_t> dropped_{0};
  bool torn_ = false;  // The last line that went out has no end. The writer's thread alone.
  Mutex mutex_;
  CondVar changed_;
  Batch next_ ABSL_GUARDED_BY(mutex_);
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;  // The thread waits for the first line of a batch.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point give_up_at_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace msp::telemetry
