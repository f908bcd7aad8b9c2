// SPDX-License-Identifier: Apache-2.0

// The sandbox's time: the wall clock's, moved forward or stopped by the operator.
//
// Owned by `Front`; not thread-safe, used under its lock.
#pragma once

#include <cstdint>

namespace msp::sandbox {

class VirtualClock {
 public:
  VirtualClock(bool frozen, std::int64_t start_s);
  std::int64_t NowMs() const;
  void Advance(std::int64_t ms) { offset_ms_ += ms; }
  void Freeze(bool frozen);
  bool frozen() const { return frozen_; }
  void Reset() { *this = VirtualClock(starts_frozen_, start_s_); }

 private:
  bool starts_frozen_;
  std::int64_t start_s_;
  bool frozen_;
  std::int64_t frozen_at_ms_ = 0;
  std::int64_t offset_ms_ = 0;
};

}  // namespace msp::sandbox
