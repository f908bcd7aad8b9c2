#include "service/server/flood_guard.h"

#include <algorithm>

namespace msp::server {

bool FloodGuard::Floods(const Reading& reading, Clock::time_point now) {
  const double passed_s = std::chrono::duration<double>(now - read_).count();
  const auto received = static_cast<double>(reading.received - last_.received);
  const auto sent = static_cast<double>(reading.sent - last_.sent);
  read_ = now;
  last_ = reading;
  allowance_ += kAllowancePerSecond * passed_s + kAllowancePerByteSent * sent - received;
  allowance_ = std::min(allowance_, kAllowanceMax);
  return allowance_ < 0;
}

}  // namespace msp::server
