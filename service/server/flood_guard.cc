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
  const double beyond = 1024.0 * (reading.beyond_kib - last_.beyond_kib);
  large_ = large_ || beyond > 0;
  read_ = now;
  last_ = reading;
  unpaid_ =
      std::max(0.0, unpaid_ + taken - kPaidPerSecond * passed_s - kPaidPerCall * calls - beyond);
  if (large_) return unpaid_ > kUnpaidMax;
  return unpaid_ > Bound(kUnpaidNoTrust, kUnpaidMax) || GoesOn(calls) ||
         Toils(reading.unread, taken, calls);
}

bool FloodGuard::Toils(std::uint64_t unread, double taken, double calls) {
  if (calls > 0 || unread < kBehind || taken > kSwift) {
    toils_ = 0;
  } else if (taken > 0) {
    ++toils_;
  }
  return unpaid_ > kRush && toils_ >= Bound(kToilsNoTrust, kToilsMax);
}

// Bytes come in bursts: what counts is whether there are more after a while.
bool FloodGuard::GoesOn(double calls) {
  if (unpaid_ <= Bound(kUnpaidNoTrust, kUnpaidGrowingMax)) {
    window_ = 0;
    return false;
  }
  window_calls_ += calls;
  const bool over = window_ > Bound(kWindowNoTrust, kWindow);
  if (window_++ > 0 && !over) return false;
  const double allowed = kRush + window_calls_ * kUnderWayPerCall;
  const bool grows = over && unpaid_ > window_unpaid_ + allowed;
  window_ = 1;
  window_calls_ = 0;
  window_unpaid_ = unpaid_;
  return grows;
}

}  // namespace msp::server
