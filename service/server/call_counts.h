// How many calls have come over each client's connection, and how large they were beyond the
// ordinary, told apart by the client's port: what the flood guard sets bytes against. Two clients
// with the same port share a count, which only makes the guard kinder.
//
// Owned by main; counted on any thread, read by the acceptor's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace msp::server {

class CallCounts {
 public:
  // What a call is good for whatever its size: an order of several hundred cart items.
  static constexpr std::size_t kOrdinaryBytes = 128 << 10;

  // A call has come. `peer` as gRPC writes it: "ipv4:127.0.0.1:50432". `bytes` of its message; 0
  // for an ordinary one. Returns the port, for `End`.
  std::uint16_t Begin(std::string_view peer, std::size_t bytes = 0) {
    std::uint16_t port = 0;
    for (std::size_t at = peer.rfind(':') + 1; at < peer.size(); ++at)
      port = static_cast<std::uint16_t>(10 * port + (peer[at] - '0'));
    counts_[port].fetch_add(1, std::memory_order_relaxed);
    if (bytes > kOrdinaryBytes)
      beyond_kib_[port].fetch_add(static_cast<std::uint32_t>((bytes - kOrdinaryBytes) >> 10),
                                  std::memory_order_relaxed);
    in_hand_[port].fetch_add(1, std::memory_order_relaxed);
    return port;
  }
  // Its reply has left, or nobody was there to take it.
  void End(std::uint16_t port) { in_hand_[port].fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t of(std::uint16_t port) const {
    return counts_[port].load(std::memory_order_relaxed);
  }
  // Calls that have come and not ended.
  std::int32_t in_hand(std::uint16_t port) const {
    return in_hand_[port].load(std::memory_order_relaxed);
  }
  // Of all its calls, what was beyond the ordinary.
  std::uint32_t beyond_kib(std::uint16_t port) const {
    return beyond_kib_[port].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint32_t>, 65'536> counts_{};
  std::array<std::atomic<std::uint32_t>, 65'536> beyond_kib_{};
  std::array<std::atomic<std::int32_t>, 65'536> in_hand_{};
};

}  // namespace msp::server
