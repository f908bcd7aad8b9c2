// Tells a client that floods from one that calls, by the bytes that the kernel counts for its
// connection and the calls that arrived over it: streams opened and reset in a row, header blocks
// without an end, pings and settings bring bytes and no call. gRPC 1.51 bounds hardly any of these
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

  // Of a connection so far.
  struct Reading {
    std::uint64_t received = 0;  // Bytes.
    std::uint32_t calls = 0;
  };

  // `trust` from 0 to 1: less for a connection that begins while others flood.
  explicit FloodGuard(Clock::time_point now, double trust = 1)
      : read_(now), allowance_(kAllowanceMin + trust * (kAllowanceMax - kAllowanceMin)) {}

  // True when the connection has brought far more than its calls account for.
  bool Floods(const Reading& reading, Clock::time_point now);
  // True when it brought so much since the reading before that the next one should come soon.
  bool Rushes() const { return rushes_; }
  const Reading& last() const { return last_; }

 private:
  Clock::time_point read_;
  Reading last_;
  double allowance_;
  bool rushes_ = false;

  // Several of the largest messages at once, and a few that are too large: those are read whole
  // before they are refused, and are no calls.
  static constexpr double kAllowanceMax = 16 << 20;
  static constexpr double kAllowanceMin = 512 << 10;
  static constexpr double kAllowancePerSecond = 256 << 10;
  // An order of several hundred cart items.
  static constexpr double kAllowancePerCall = 128 << 10;
  static constexpr double kRush = 256 << 10;
};

}  // namespace msp::server
