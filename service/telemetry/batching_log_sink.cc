// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/batching_log_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace msp::telemetry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{1};
constexpr int kPoll_ms = 50;
// What a writable pipe accepts without blocking.
constexpr std::size_t kPipeBytes = 4096;

bool IsFile(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

std::uint64_t LinesIn(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

BatchingLogSink::BatchingLogSink(BatchingLogSinkOptions options)
    : options_(options), is_file_(IsFile(options.fd)), thread_([this] { Run(); }) {}

BatchingLogSink::~BatchingLogSink() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    give_up_at_ = Clock::now() + kTimeout;
  }
  changed_.NotifyAll();
  thread_.join();
}

bool BatchingLogSink::AddLocked(std::string_view line) {
  if (next_.text.size() + line.size() > options_.bytes_max) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  next_.text.append(line);
  return true;
}

void BatchingLogSink::Add(std::string_view line) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    if (!AddLocked(line)) return;
    wake = std::exchange(idle_, false);
  }
  if (wake) changed_.NotifyOne();
}

void BatchingLogSink::AddUrgent(std::string_view line, Written written) {
  {
    MutexLock lock(mutex_);
    if (AddLocked(line)) {
      next_.waiting.push_back(std::move(written));
      idle_ = false;
      return changed_.NotifyOne();
    }
  }
  std::move(written)(false);
}

void BatchingLogSink::Flush() {
  struct Flushed {
    Mutex mutex;
    CondVar changed;
    bool done ABSL_GUARDED_BY(mutex) = false;
  };
  // Shared: the thread may reach it after this wait has timed out.
  auto flushed = std::make_shared<Flushed>();
  AddUrgent("", [flushed](bool) {
    MutexLock lock(flushed->mutex);
    flushed->done = true;
    flushed->changed.NotifyAll();
  });
  const Clock::time_point until = Clock::now() + kTimeout;
  MutexLock lock(flushed->mutex);
  while (!flushed->done && flushed->changed.WaitUntil(flushed->mutex, until)) {
  }
}

bool BatchingLogSink::Gather(Batch& batch) {
  MutexLock lock(mutex_);
  const auto empty = [](const Batch& of) { return of.text.empty() && of.waiting.empty(); };
  while (empty(next_) && !stopping_) {
    idle_ = true;
    changed_.Wait(mutex_);
  }
  idle_ = false;
  if (empty(next_)) return false;
  const Clock::time_point until = Clock::now() + options_.gather;
  while (next_.waiting.empty() && !stopping_ && changed_.WaitUntil(mutex_, until)) {
  }
  std::swap(batch, next_);
  return true;
}

void BatchingLogSink::Run() {
  Batch batch;
  while (Gather(batch)) {
    const bool written = WriteOut(batch);
    for (Written& one : batch.waiting) std::move(one)(written);
    batch.text.clear();  // Its memory is reused by the next batch but one.
    batch.waiting.clear();
  }
}

bool BatchingLogSink::WriteOut(const Batch& batch) {
  const std::string_view text = batch.text;
  if (partial_line_ && WriteSome("\n") == 0) {
    dropped_.fetch_add(LinesIn(text), std::memory_order_relaxed);
    return false;
  }
  partial_line_ = false;
  const std::size_t written = WriteSome(text);
  if (written < text.size()) {
    dropped_.fetch_add(LinesIn(text.substr(written)), std::memory_order_relaxed);
    partial_line_ = written > 0 && text[written - 1] != '\n';
    return false;
  }
  return !options_.sync || fdatasync(options_.fd) == 0;
}

std::size_t BatchingLogSink::WriteSome(std::string_view text) {
  std::size_t written = 0;
  while (written < text.size()) {
    if (!is_file_) {
      pollfd sink{.fd = options_.fd, .events = POLLOUT, .revents = 0};
      if (poll(&sink, 1, kPoll_ms) == 0) {
        if (GivesUp()) break;
        continue;
      }
    }
    const std::size_t most = is_file_ ? text.size() : kPipeBytes;
    const ssize_t count =
        write(options_.fd, text.data() + written, std::min(most, text.size() - written));
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      if (GivesUp()) break;
    } else if (errno != EINTR) {
      break;
    }
  }
  return written;
}

bool BatchingLogSink::GivesUp() {
  MutexLock lock(mutex_);
  return stopping_ && Clock::now() >= give_up_at_;
}

}  // namespace msp::telemetry
