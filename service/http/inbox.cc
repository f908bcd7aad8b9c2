#include "service/http/inbox.h"

#include <utility>

namespace msp::http {

bool Inbox::Push(Job& job) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  jobs_.push_back(std::move(job));
  return true;
}

void Inbox::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
}

bool Inbox::Drain(std::vector<Job>& jobs) {
  MutexLock lock(mutex_);
  jobs.swap(jobs_);
  if (closed_) close_seen_ = true;
  return !closed_;
}

bool Inbox::HasNews() {
  MutexLock lock(mutex_);
  return !jobs_.empty() || closed_ != close_seen_;
}

}  // namespace msp::http
