#include "service/http/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace msp::http {

Inbox::Inbox() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Inbox::~Inbox() {
  if (wake_fd_ >= 0) close(wake_fd_);
}

bool Inbox::Push(Job& job) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  jobs_.push_back(std::move(job));
  WakeLocked();
  return true;
}

void Inbox::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  WakeLocked();
}

bool Inbox::Drain(std::vector<Job>& jobs) {
  MutexLock lock(mutex_);
  sleeping_ = false;
  jobs.swap(jobs_);
  if (closed_) close_seen_ = true;
  return !closed_;
}

bool Inbox::PrepareSleep() {
  MutexLock lock(mutex_);
  if (!jobs_.empty() || closed_ != close_seen_) return false;
  sleeping_ = true;
  return true;
}

void Inbox::WakeLocked() {
  if (!sleeping_) return;
  sleeping_ = false;
  // The counter cannot run full: one write for each time the worker fell asleep.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

}  // namespace msp::http
