#include "service/server/flood_guard.h"

#include <algorithm>

namespace msp::server {
namespace {

double Taken(const FloodGuard::Reading& reading) {
  return static_cast<double>(reading.received) - static_cast<double>(reading.unread);
}

}  // namespace

bool FloodGuard::Floods(const Reading& reading, Clock::time_point now) {
  const double passed_s = std::chrono::duration<double>(now - read_).count();
  // What the server has not come to is no fault of the client's.
  const double taken = Taken(reading) - Taken(last_);
  const auto calls = static_cast<double>(reading.calls - last_.calls);
  read_ = now;
  last_ = reading;
  unpaid_ = std::max(0.0, unpaid_ + taken - kPaidPerSecond * passed_s - kPaidPerCall * calls);
  return unpaid_ > Bound(kUnpaidNoTrust, kUnpaidMax) || GoesOn(now) ||
         Toils(reading.unread, taken, calls);
}

bool FloodGuard::Toils(std::uint64_t unread, double taken, double calls) {
  if (calls > 0 || unread < kBehind) {
    toils_ = 0;
  } else if (taken > 0) {
    ++toils_;
  }
  return unpaid_ > kRush && toils_ >= Bound(kToilsNoTrust, kToilsMax);
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
