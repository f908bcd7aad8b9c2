// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace msp::telemetry {
namespace {

// A reply that waits for its line: released by the disk or by the timeout, whichever comes first.
class Waiting {
 public:
  explicit Waiting(Audit::Then then) : then_(std::move(then)) {}
  // True for the first.
  bool Release() {
    if (gone_.exchange(true)) return false;
    std::move(then_)();
    return true;
  }

 private:
  std::atomic<bool> gone_{false};
  Audit::Then then_;
};

// Valid until this thread's next line.
const std::string& Line(std::initializer_list<Field> fields) {
  static thread_local std::string line;
  FormatLine(Level::kInfo, "audit", fields, /*json=*/true, line);
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Audit>> Audit::Open(const AuditOptions& options) {
  // Non-blocking, so that a pipe without a reader is an error instead of a hanging start.
  const int fd = open(options.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
                      S_IRUSR | S_IWUSR);
  if (fd < 0) {
    return absl::UnavailableError("cannot append to " + options.file + ": " +
                                  strerrordesc_np(errno));
  }
  return std::unique_ptr<Audit>(new Audit(fd, options));
}

Audit::Audit(int fd, const AuditOptions& options)
    : fd_(fd),
      options_(options),
      writer_(std::make_unique<BatchingLogSink>(
          BatchingLogSinkOptions{.fd = fd, .sync = options.flush})) {}

Audit::~Audit() {
  writer_.reset();
  close(fd_);
}

void Audit::Write(std::initializer_list<Field> fields) { writer_->Add(Line(fields)); }

void Audit::WriteThen(std::initializer_list<Field> fields, Then then) {
  auto waiting = std::make_shared<Waiting>(std::move(then));
  timer_.At(Timer::Clock::now() + std::chrono::milliseconds(options_.timeout_ms), [this, waiting] {
    if (waiting->Release()) unflushed_.fetch_add(1, std::memory_order_relaxed);
  });
  writer_->AddUrgent(Line(fields), [this, waiting](bool written) {
    if (waiting->Release() && !written) unflushed_.fetch_add(1, std::memory_order_relaxed);
  });
}

}  // namespace msp::telemetry
