#include "service/server/waiting_room.h"

#include <sys/epoll.h>
#include <unistd.h>

namespace msp::server {
namespace {

// A client that means to call greets at once; a slow network is given this long.
constexpr std::chrono::seconds kSilenceMax{10};

}  // namespace

WaitingRoom::~WaitingRoom() {
  for (const int fd : Empty()) close(fd);
}

void WaitingRoom::Enter(int fd, Clock::time_point now) {
  while (waiting_.size() >= max_ && !tickets_.empty()) CloseFirst();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    ++turned_away_;
    return;
  }
  waiting_[fd] = ++number_;
  tickets_.push_back({fd, number_, now});
}

bool WaitingRoom::Leave(int fd) {
  if (waiting_.erase(fd) == 0) return false;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  return true;
}

void WaitingRoom::CloseFirst() {
  const Ticket ticket = tickets_.front();
  tickets_.pop_front();
  // The number of one that has left may be another's by now.
  const auto found = waiting_.find(ticket.fd);
  if (found == waiting_.end() || found->second != ticket.number) return;
  Leave(ticket.fd);
  close(ticket.fd);
  ++turned_away_;
}

bool WaitingRoom::Tidy(Clock::time_point now) {
  while (!tickets_.empty() && now - tickets_.front().since > kSilenceMax) CloseFirst();
  if (waiting_.empty()) tickets_.clear();
  return !waiting_.empty();
}

std::vector<int> WaitingRoom::Empty() {
  std::vector<int> all;
  all.reserve(waiting_.size());
  for (const auto& [fd, number] : waiting_) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
    all.push_back(fd);
  }
  waiting_.clear();
  tickets_.clear();
  return all;
}

}  // namespace msp::server
