// SPDX-License-Identifier: Apache-2.0

// What became of each call of a load, and the questions that claims ask about it. Moved, not
// copied: its calls point at its own kinds.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace msp::load {

using Clock = std::chrono::steady_clock;

struct Ended {
  Clock::time_point due;   // When it should have been sent, in an open loop.
  Clock::time_point sent;  // When it was.
  Clock::time_point end;
  const std::string* kind = nullptr;
};

// True for the calls that a question is about.
using Which = std::function<bool(const Ended&)>;

inline constexpr char kOk[] = "OK";

class Journal {
 public:
  Journal() = default;
  Journal(Journal&&) = default;
  Journal& operator=(Journal&&) = default;

  // `kind` in few words: code, reason, outcome; not different for each call.
  void Add(Ended call, const std::string& kind);
  void Append(const Journal& other);

  const std::vector<Ended>& calls() const { return calls_; }
  long Count(const Which& which) const;
  // In milliseconds from sending to end; 0 when there is none.
  double QuantileMs(double quantile, const Which& which) const;
  // How far the generator itself was behind.
  double LagMs(double quantile) const;
  // Ended calls of this kind a second, within the window.
  double PerSecond(const std::string& kind, Clock::time_point from, Clock::time_point to) const;
  // Prints each kind with count, median, 99th percentile and longest.
  void Print() const;

 private:
  std::map<std::string, long> kinds_;
  std::vector<Ended> calls_;
};

// Which calls.
Which All();
Which Is(std::string kind);
Which SentWithin(Clock::time_point from, Clock::time_point to);
Which Not(Which which);
Which Both(Which one, Which other);

}  // namespace msp::load
