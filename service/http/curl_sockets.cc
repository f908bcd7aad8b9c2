#include "service/http/curl_sockets.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <cerrno>

namespace msp::http {
namespace {

std::uint32_t EpollEvents(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

}  // namespace

SocketTable::Entry& SocketTable::At(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= entries_.size()) entries_.resize(index + 64);
  return entries_[index];
}

void SocketTable::Opened(int fd) {
  Entry& entry = At(fd);
  const std::uint32_t wanted = entry.wanted;
  entry = Entry{.wanted = wanted};
  // A predecessor with this number was closed without a word, and libcurl still believes its events
  // to be watched: it will not ask again when the new socket needs the same ones.
  if (wanted != 0) Register(fd, entry, wanted);
}

void SocketTable::Established(int fd) { At(fd).established = true; }

void SocketTable::Closed(int fd) {
  // Closing takes the descriptor out of epoll. What libcurl wants is left for its own REMOVE to
  // clear.
  Entry& entry = At(fd);
  entry = Entry{.wanted = entry.wanted};
}

void SocketTable::Want(int fd, int what) {
  Entry& entry = At(fd);
  entry.wanted = EpollEvents(what);
  if (entry.wanted == 0) {
    if (!entry.established) Unregister(fd, entry);
  } else if (!entry.established || entry.registered != entry.wanted) {
    Register(fd, entry, entry.wanted);
  }
}

bool SocketTable::TakeEvent(int fd) {
  Entry& entry = At(fd);
  if (entry.wanted != 0) return true;
  Unregister(fd, entry);
  return false;
}

void SocketTable::Register(int fd, Entry& entry, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  // The table's memory decides which call is tried first, the kernel's answer which one was right.
  const bool known = entry.registered != 0;
  if (epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
    const int other = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll_fd_, other, fd, &event) != 0) {
      entry.registered =
          0;  // Out of memory or a dead descriptor: the transfer's own timeout ends it.
      return;
    }
  }
  entry.registered = events;
}

void SocketTable::Unregister(int fd, Entry& entry) {
  epoll_event event{};
  // Fails when the descriptor was closed before, which is as good.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &event);
  entry.registered = 0;
}

}  // namespace msp::http
