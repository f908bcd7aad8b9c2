// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/recent_errors.h"

#include <utility>

namespace msp::telemetry {

void RecentErrors::Add(ErrorRecord record) {
  MutexLock lock(mutex_);
  if (kept_.size() == kKept) kept_.pop_back();
  kept_.push_front(std::move(record));
}

std::vector<ErrorRecord> RecentErrors::All() const {
  MutexLock lock(mutex_);
  return {kept_.begin(), kept_.end()};
}

}  // namespace msp::telemetry
