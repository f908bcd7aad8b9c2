#include "service/server/flood_guard.h"

#include <algorithm>

namespace msp::server {

bool FloodGuard::Floods(const Reading& reading, Clock::time_point now) {
  const double passed_s = std::chrono::duration<double>(now - read_).count();
  const auto received = static_cast<double>(reading.received - last_.received);
  const auto calls = static_cast<double>(reading.calls - last_.calls);
  read_ = now;
  last_ = reading;
  unpaid_ = std::max(0.0, unpaid_ + received - kPaidPerSecond * passed_s - kPaidPerCall * calls);
  return unpaid_ > Bound(kUnpaidNoTrust, kUnpaidMax) || GoesOn(now);
}

// Bytes come in bursts: what counts is whether there are more after a while.
bool FloodGuard::GoesOn(Clock::time_point now) {
  if (unpaid_ <= Bound(kUnpaidNoTrust, kUnpaidGrowingMax)) {
    window_start_ = Clock::time_point::max();
    return false;
  }
  const bool over = window_start_ != Clock::time_point::max();
  if (over && now - window_start_ < Window()) return false;
  const bool grows = over && unpaid_ > window_unpaid_ + kRush;
  window_start_ = now;
  window_unpaid_ = unpaid_;
  return grows;
}

}  // namespace msp::server
