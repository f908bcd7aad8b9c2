// Tells a client that floods from one that calls, by what the kernel counts for its connection:
// a caller is answered, so bytes flow both ways; streams opened and reset in a row, header blocks
// without an end and the like bring bytes in and nothing goes out. gRPC 1.51 bounds none of these
// (docs/security.md).
//
// Plain arithmetic over readings; the acceptor makes them, on its thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace msp::server {

class FloodGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // Bytes of a connection so far.
  struct Reading {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
  };

  explicit FloodGuard(Clock::time_point now) : read_(now) {}

  // True when the connection has brought far more than its answers account for.
  bool Floods(const Reading& reading, Clock::time_point now);

 private:
  Clock::time_point read_;
  Reading last_;
  double allowance_ = kAllowanceMax;

  // The largest message, several at once, may arrive before the first answer goes out.
  static constexpr double kAllowanceMax = 8 << 20;
  static constexpr double kAllowancePerSecond = 128 << 10;
  // An order of 100 KB whose refusal has 200 bytes is still within it, for hours; a call that is
  // reset before it is read has no answer at all.
  static constexpr double kAllowancePerByteSent = 64;
};

}  // namespace msp::server
