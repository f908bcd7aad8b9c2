#include "service/server/flood_guard.h"

#include <algorithm>

namespace msp::server {

bool FloodGuard::Floods(const Reading& reading, Clock::time_point now) {
  const double passed_s = std::chrono::duration<double>(now - read_).count();
  const auto received = static_cast<double>(reading.received - last_.received);
  const auto calls = static_cast<double>(reading.calls - last_.calls);
  read_ = now;
  last_ = reading;
  rushes_ = received > kRush;
  allowance_ += kAllowancePerSecond * passed_s + kAllowancePerCall * calls - received;
  allowance_ = std::min(allowance_, kAllowanceMax);
  return allowance_ < 0;
}

}  // namespace msp::server
