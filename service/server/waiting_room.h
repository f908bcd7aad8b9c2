// Connections that have not said anything yet. gRPC gets one when its first byte is there: until
// then it costs a descriptor and a few bytes, however many there are.
//
// Owned by the acceptor; its thread alone calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace msp::server {

class WaitingRoom {
 public:
  using Clock = std::chrono::steady_clock;

  // Watches by `epoll_fd`, with the connection's descriptor as the event's data. At most `max`
  // wait; for one more the one that waited longest is closed.
  WaitingRoom(int epoll_fd, std::size_t max) : epoll_fd_(epoll_fd), max_(max) {}
  ~WaitingRoom();
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  void Enter(int fd, Clock::time_point now);
  // It has spoken, or ended: from here on it is the caller's. False when it does not wait here.
  bool Leave(int fd);
  // Closes those that have waited too long. True while others wait.
  bool Tidy(Clock::time_point now);
  // All that wait, from here on the caller's.
  std::vector<int> Empty();
  // Connections that were closed without a word of theirs.
  std::int64_t turned_away() const { return turned_away_; }

 private:
  struct Ticket {
    int fd = -1;
    std::uint64_t number = 0;
    Clock::time_point since;
  };
  void CloseFirst();

  const int epoll_fd_;
  const std::size_t max_;
  std::uint64_t number_ = 0;
  std::int64_t turned_away_ = 0;
  std::unordered_map<int, std::uint64_t> waiting_;  // Descriptor and ticket number.
  std::deque<Ticket> tickets_;                      // Also of those that have left.
};

}  // namespace msp::server
