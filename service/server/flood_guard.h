// Tells a client that floods from one that calls, by the bytes that the kernel counts for its
// connection and the calls that arrived over it: streams opened and reset in a row, header blocks
// without an end, pings and settings bring bytes and no call. gRPC 1.51 bounds hardly any of these
// (docs/security.md).
//
// Plain arithmetic over readings; the acceptor makes them, on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace msp::server {

// A connection that was cut for flooding.
struct Flood {
  std::string peer;         // As gRPC writes it: "ipv4:127.0.0.1:50432".
  std::uint64_t bytes = 0;  // That it brought,
  std::uint32_t calls = 0;  // and the calls that came over it.
};

class FloodGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // Of a connection so far.
  struct Reading {
    std::uint64_t received = 0;  // Bytes.
    std::uint64_t unread = 0;    // Those of them that still wait to be read.
    std::uint32_t calls = 0;
  };

  // `trust` from 0 to 1: less for a connection that begins while others flood.
  explicit FloodGuard(Clock::time_point now, double trust = 1) : read_(now), trust_(trust) {}

  // True when the connection has brought far more than its calls account for.
  bool Floods(const Reading& reading, Clock::time_point now);
  // True when it brings more than its calls account for just now: the next reading should come
  // soon.
  bool Rushes() const { return unpaid_ > kRush; }
  const Reading& last() const { return last_; }

 private:
  double Bound(double at_no_trust, double at_full_trust) const {
    return at_no_trust + trust_ * (at_full_trust - at_no_trust);
  }
  std::chrono::duration<double, std::milli> Window() const {
    return std::chrono::duration<double, std::milli>(Bound(kWindowNoTrustMs, kWindowMs));
  }

  bool GoesOn(Clock::time_point now);
  bool Toils(std::uint64_t unread, double taken, double calls);

  Clock::time_point read_;
  double trust_;
  Reading last_;
  double unpaid_ = 0;  // Bytes that no call accounts for.
  Clock::time_point window_start_ = Clock::time_point::max();
  double window_unpaid_ = 0;
  int toils_ = 0;  // Readings in a row that found the server at work on it and behind.

  static constexpr double kPaidPerSecond = 256 << 10;
  // An order of several hundred cart items.
  static constexpr double kPaidPerCall = 128 << 10;
  static constexpr double kRush = 128 << 10;
  // Messages that are too large are read whole before they are refused, and are no calls: several
  // may come at once.
  static constexpr double kUnpaidMax = 16 << 20;
  // What goes on and on is something else.
  static constexpr double kUnpaidGrowingMax = 1.25 * (1 << 20);  // One message, and a bit.
  static constexpr double kWindowMs = 150;
  // Without trust.
  static constexpr double kWindowNoTrustMs = 30;
  static constexpr double kUnpaidNoTrust = 256 << 10;
  // One that is read and still has more waits, reading after reading, and makes no call: frames
  // that cost more than their bytes. A large message is read as fast as memory.
  static constexpr std::uint64_t kBehind = 16 << 10;
  static constexpr double kToilsMax = 8;
  static constexpr double kToilsNoTrust = 3;
};

}  // namespace msp::server
