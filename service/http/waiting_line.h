// Jobs that wait for a free transfer, first come, first served, none beyond its deadline.
//
// Owned by a worker, in its turn alone.
#pragma once

#include <deque>
#include <vector>

#include "service/http/inbox.h"

namespace msp::http {

class WaitingLine {
 public:
  void Add(Job job);
  bool empty() const { return jobs_.empty(); }
  // The line must not be empty.
  Job TakeFirst();
  // Those whose deadline has passed at `now`, in their order. Looks through the line only when
  // there are some.
  std::vector<Job> TakeExpired(Clock::time_point now);
  // Not after any waiting job's deadline; the end of time when nobody waits.
  Clock::time_point next_expiry() const;

 private:
  std::deque<Job> jobs_;
  Clock::time_point next_expiry_ = Clock::time_point::max();
};

}  // namespace msp::http
