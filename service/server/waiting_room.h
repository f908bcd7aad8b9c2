// Connections that have not said anything yet, and those whose turn has not come. gRPC gets one
// when its turn is there and its first byte: until then it costs a descriptor and a few bytes,
// however many there are.
//
// Owned by the acceptor; its thread alone calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
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

  // What one waits for: to say something, also for a turn that it was given, or for its end.
  enum class Stay : std::uint8_t { kNone, kToSpeak, kForTurn, kForEnd };

  // Not watched before `until`, if that is later.
  void Enter(int fd, Stay stay, Clock::time_point now, Clock::time_point until);
  // It has spoken, or ended: from here on it is the caller's. kNone when it does not wait here.
  Stay Leave(int fd);
  // Closes those that have waited too long or for their end, and watches those whose turn has come.
  // Returns the milliseconds until there is more to do, -1 for never.
  int Tidy(Clock::time_point now);
  // All that wait, from here on the caller's; those that waited for their end are closed.
  std::vector<int> Empty();
  // Connections that were closed without a word of theirs.
  std::int64_t turned_away() const { return turned_away_; }

 private:
  struct Place {
    std::uint64_t ticket = 0;
    Stay stay = Stay::kNone;
  };
  // One that has left may still have its ticket, and its descriptor be another's by now.
  struct Ticket {
    int fd = -1;
    std::uint64_t number = 0;
    Clock::time_point since;
  };
  bool Holds(const Ticket& ticket) const;
  void Watch(const Ticket& ticket);
  void Close(int fd);
  void CloseFirst();

  const int epoll_fd_;
  const std::size_t max_;
  std::uint64_t number_ = 0;
  std::int64_t turned_away_ = 0;
  std::unordered_map<int, Place> waiting_;  // By descriptor.
  std::deque<Ticket> tickets_;
  std::multimap<Clock::time_point, Ticket> turns_;
};

}  // namespace msp::server
