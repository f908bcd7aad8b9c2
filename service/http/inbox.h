// The only state that callers and a worker share: the jobs handed over and not yet taken.
//
// Owned by its worker. Any thread pushes; the worker alone drains and sleeps. A push writes to the
// wake descriptor only when the worker has said that it is about to sleep, so that a busy worker
// costs its callers no system call. How many jobs may wait is the worker's to decide, before it
// pushes.
#pragma once

#include <vector>

#include "service/base/mutex.h"
#include "service/http/client.h"

namespace msp::http {

// A request on its way, with what ends it.
struct Job {
  Request request;
  Done done;
  Clock::time_point queued_at;
};

class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Becomes readable when a sleeping worker has something to do; to be watched edge-triggered,
  // since nobody reads it. Negative when the system had no descriptor left.
  int wake_fd() const { return wake_fd_; }

  // Takes the job, or leaves it untouched and returns false once the inbox is closed.
  bool Push(Job& job);
  // Nothing is accepted from now on; what is inside can still be drained.
  void Close();

  // Moves everything into `jobs`, which must be empty, and returns whether the inbox is still open:
  // when it is not, these were the last jobs.
  bool Drain(std::vector<Job>& jobs);
  // To be called before a blocking wait: false when something is waiting and the wait must not
  // block. When true, the next Push or Close wakes; Drain ends that state.
  bool PrepareSleep();

 private:
  void WakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int wake_fd_;
  Mutex mutex_;
  std::vector<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool close_seen_ ABSL_GUARDED_BY(mutex_) = false;
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::http
