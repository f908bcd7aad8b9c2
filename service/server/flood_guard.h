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

#include "service/server/call_counts.h"

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
    std::uint32_t beyond_kib = 0;  // What they were beyond the ordinary (call_counts.h), in all.
  };

  // `trust` from 0 to 1: less for a connection that begins while others flood. `first` is what is
  // known of it by now.
  FloodGuard(Clock::time_point now, double trust, const Reading& first)
      : read_(now), trust_(trust), last_(first) {}
  explicit FloodGuard(Clock::time_point now, double trust = 1)
      : FloodGuard(now, trust, Reading()) {}

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
  bool GoesOn(double calls);
  bool Toils(std::uint64_t unread, double taken, double calls);

  Clock::time_point read_;
  double trust_;
  Reading last_;
  double unpaid_ = 0;  // Bytes that no call accounts for.
  int window_ = 0;     // Readings since it was opened; 0 while there is none.
  double window_calls_ = 0;
  double window_unpaid_ = 0;
  // It has made calls beyond the ordinary: of more such, megabytes come before the first is whole.
  bool large_ = false;
  int toils_ = 0;  // Readings in a row that found the server at work on it and behind.

  static constexpr double kPaidPerSecond = 256 << 10;
  static constexpr double kPaidPerCall = CallCounts::kOrdinaryBytes;
  static constexpr double kRush = 128 << 10;
  // Messages that are too large are read whole before they are refused, and are no calls: several
  // may come at once.
  static constexpr double kUnpaidMax = 16 << 20;
  // What goes on and on is something else.
  static constexpr double kUnpaidGrowingMax = 1.25 * (1 << 20);  // One message, and a bit.
  // In readings, 5 ms apart where the processor is not short: where it is, bytes come before calls.
  static constexpr double kWindow = 30;
  // A call that arrives says that there may be more under way.
  static constexpr double kUnderWayPerCall = 1 << 20;
  // Without trust.
  static constexpr double kWindowNoTrust = 6;
  static constexpr double kUnpaidNoTrust = 256 << 10;
  // One that is read and still has more waits, reading after reading, and makes no call: frames
  // that cost more than their bytes. A large message is swift.
  static constexpr std::uint64_t kBehind = 16 << 10;
  static constexpr double kSwift = 64 << 10;
  static constexpr double kToilsMax = 8;
  static constexpr double kToilsNoTrust = 3;
};

}  // namespace msp::server
