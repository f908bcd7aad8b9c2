// SPDX-License-Identifier: Apache-2.0

// The last failed calls, for the status page: the error, never the caller. Owned by main; any
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/mutex.h"

namespace msp::telemetry {

// Texts of this service and the transport, without request data: no order id, no text of
// MultiSafepay's.
struct ErrorRecord {
  std::int64_t unix_ms = 0;
  std::string_view method;  // Static.
  std::string_view code;    // Static.
  std::string reason;
  std::string detail;
  std::int64_t http_status = 0;
  std::string trace_id;
};

class RecentErrors {
 public:
  static constexpr std::size_t kKept = 20;

  void Add(ErrorRecord record);
  // The newest first.
  std::vector<ErrorRecord> All() const;

 private:
  mutable Mutex mutex_;
  std::deque<ErrorRecord> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::telemetry
