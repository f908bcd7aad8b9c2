// Turns for the connections of addresses that flood: with each flood the next connection of the
// same address waits longer, and after the one before it. An address that has not flooded does not
// wait, whatever others do.
//
// Plain arithmetic; the acceptor owns it and locks around it.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace msp::server {

class Turnstile {
 public:
  using Clock = std::chrono::steady_clock;
  // An IPv4 address, also one that is written as IPv6; of IPv6 the upper half, which is what one
  // customer of a network is given.
  using Network = std::uint64_t;

  static Network NetworkOf(const sockaddr_storage& address);

  // A connection of this network flooded.
  void Flooded(Network network, Clock::time_point now);
  // When the network's next connection may go on: now or later. Each answer is a turn that is
  // taken; none where too many wait for theirs.
  std::optional<Clock::time_point> Turn(Network network, Clock::time_point now);
  // It flooded, and that is not forgiven yet.
  bool Remembers(Network network, Clock::time_point now) const;

 private:
  struct Record {
    double floods = 0;  // As of `since`; forgiven with time.
    Clock::time_point since;
    Clock::time_point turn;  // The last one that was given.
  };
  static double Floods(const Record& record, Clock::time_point now);
  void MakeRoom(Clock::time_point now);

  std::unordered_map<Network, Record> records_;
};

}  // namespace msp::server
