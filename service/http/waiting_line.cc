#include "service/http/waiting_line.h"

#include <algorithm>
#include <utility>

namespace msp::http {

void WaitingLine::Add(Job job) {
  next_expiry_ = std::min(next_expiry(), job.request.deadline);
  jobs_.push_back(std::move(job));
}

Job WaitingLine::TakeFirst() {
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::vector<Job> WaitingLine::TakeExpired(Clock::time_point now) {
  std::vector<Job> expired;
  if (now < next_expiry()) return expired;
  std::deque<Job> waiting;
  next_expiry_ = Clock::time_point::max();
  for (Job& job : jobs_) {
    if (job.request.deadline <= now) {
      expired.push_back(std::move(job));
    } else {
      next_expiry_ = std::min(next_expiry_, job.request.deadline);
      waiting.push_back(std::move(job));
    }
  }
  jobs_ = std::move(waiting);
  return expired;
}

Clock::time_point WaitingLine::next_expiry() const {
  return jobs_.empty() ? Clock::time_point::max() : next_expiry_;
}

}  // namespace msp::http
