#include "service/telemetry/recent.h"

#include <utility>

namespace msp::telemetry {

void Recent::Add(Trouble trouble) {
  MutexLock lock(mutex_);
  if (kept_.size() == kKept) kept_.pop_back();
  kept_.push_front(std::move(trouble));
}

std::vector<Trouble> Recent::All() const {
  MutexLock lock(mutex_);
  return {kept_.begin(), kept_.end()};
}

}  // namespace msp::telemetry
