// SPDX-License-Identifier: Apache-2.0

#include "sandbox/front/virtual_clock.h"

#include <chrono>

namespace msp::sandbox {
namespace {

std::int64_t WallMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

VirtualClock::VirtualClock(bool frozen, std::int64_t start_s)
    : starts_frozen_(frozen), start_s_(start_s), frozen_(frozen) {
  const std::int64_t wall = WallMs();
  if (start_s != 0) offset_ms_ = start_s * 1000 - wall;
  frozen_at_ms_ = wall;
}

std::int64_t VirtualClock::NowMs() const {
  return (frozen_ ? frozen_at_ms_ : WallMs()) + offset_ms_;
}

void VirtualClock::Freeze(bool frozen) {
  if (frozen == frozen_) return;
  const std::int64_t now = NowMs();
  frozen_ = frozen;
  frozen_at_ms_ = WallMs();
  offset_ms_ = now - frozen_at_ms_;
}

}  // namespace msp::sandbox
