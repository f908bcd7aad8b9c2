// How many calls have come over each client's connection, told apart by the client's port: what the
// flood guard sets bytes against. Two clients with the same port share a count, which only makes
// the guard kinder.
//
// Owned by main; counted on any thread, read by the acceptor's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace msp::server {

class CallCounts {
 public:
  // `peer` as gRPC writes it: "ipv4:127.0.0.1:50432".
  void Count(std::string_view peer) {
    std::uint16_t port = 0;
    for (std::size_t at = peer.rfind(':') + 1; at < peer.size(); ++at)
      port = static_cast<std::uint16_t>(10 * port + (peer[at] - '0'));
    counts_[port].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint32_t of(std::uint16_t port) const {
    return counts_[port].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint32_t>, 65'536> counts_{};
};

}  // namespace msp::server
