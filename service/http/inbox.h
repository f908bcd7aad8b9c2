// The jobs handed over to a worker and not yet taken.
//
// Owned by its worker. Any thread pushes; whoever has the worker's turn drains. How many jobs may
// wait is the worker's to decide, before it pushes.
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
  // Takes the job, or leaves it untouched and returns false once the inbox is closed.
  bool Push(Job& job);
  // Nothing is accepted from now on; what is inside can still be drained.
  void Close();

  // Moves everything into `jobs`, which must be empty, and returns whether the inbox is still open:
  // when it is not, these were the last jobs.
  bool Drain(std::vector<Job>& jobs);
  // True when `Drain` would bring something that it has not told before: jobs, or the end.
  bool HasNews();

 private:
  Mutex mutex_;
  std::vector<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool close_seen_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::http
