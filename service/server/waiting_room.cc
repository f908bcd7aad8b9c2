#include "service/server/waiting_room.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

namespace msp::server {
namespace {

// A client that means to call greets at once; a slow network is given this long.
constexpr std::chrono::seconds kSilenceMax{10};
constexpr std::chrono::milliseconds kTidyEvery{1'000};
constexpr int kNever = -1;

}  // namespace

WaitingRoom::~WaitingRoom() {
  for (const int fd : Empty()) close(fd);
}

void WaitingRoom::Enter(int fd, Stay stay, Clock::time_point now, Clock::time_point until) {
  while (waiting_.size() >= max_ && !tickets_.empty()) CloseFirst();
  const Ticket ticket{fd, ++number_, now};
  tickets_.push_back(ticket);
  waiting_[fd] = {ticket.number, stay};
  if (until > now) {
    turns_.emplace(until, ticket);
  } else {
    Watch(ticket);
  }
}

WaitingRoom::Stay WaitingRoom::Leave(int fd) {
  const auto found = waiting_.find(fd);
  if (found == waiting_.end()) return Stay::kNone;
  const Stay stay = found->second.stay;
  waiting_.erase(found);
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  return stay;
}

bool WaitingRoom::Holds(const Ticket& ticket) const {
  const auto found = waiting_.find(ticket.fd);
  return found != waiting_.end() && found->second.ticket == ticket.number;
}

void WaitingRoom::Watch(const Ticket& ticket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = ticket.fd;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, ticket.fd, &event) != 0) Close(ticket.fd);
}

void WaitingRoom::Close(int fd) {
  Leave(fd);
  close(fd);
  ++turned_away_;
}

void WaitingRoom::CloseFirst() {
  const Ticket ticket = tickets_.front();
  tickets_.pop_front();
  if (Holds(ticket)) Close(ticket.fd);
}

int WaitingRoom::Tidy(Clock::time_point now) {
  while (!tickets_.empty() && now - tickets_.front().since > kSilenceMax) CloseFirst();
  while (!turns_.empty() && turns_.begin()->first <= now) {
    const Ticket ticket = turns_.begin()->second;
    turns_.erase(turns_.begin());
    if (!Holds(ticket)) continue;
    if (waiting_[ticket.fd].stay == Stay::kForEnd) {
      Leave(ticket.fd);
      close(ticket.fd);
    } else {
      Watch(ticket);
    }
  }
  if (waiting_.empty()) {
    tickets_.clear();
    turns_.clear();
    return kNever;
  }
  if (turns_.empty()) return static_cast<int>(kTidyEvery.count());
  const auto next = std::chrono::ceil<std::chrono::milliseconds>(turns_.begin()->first - now);
  return static_cast<int>(std::min(kTidyEvery, next).count());
}

std::vector<int> WaitingRoom::Empty() {
  std::vector<int> all;
  all.reserve(waiting_.size());
  for (const auto& [fd, place] : waiting_) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
    if (place.stay == Stay::kForEnd) {
      close(fd);
    } else {
      all.push_back(fd);
    }
  }
  waiting_.clear();
  tickets_.clear();
  turns_.clear();
  return all;
}

}  // namespace msp::server
