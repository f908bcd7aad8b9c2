#include "service/http/curl_sockets.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace msp::http {
namespace {

std::uint32_t EpollEvents(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

// True when there is something to read, be it the end. An event may be older than what has been
// read since: whoever has the turn reads, and the worker's thread hears of it all the same.
bool HasInput(int fd) {
  char byte = 0;
  const ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

// Makes it plain to anyone who looks that nothing comes from and nothing goes to this socket any
// more.
void ShutDown(int fd) {
  // Unread bytes would look like a sign of life. A server that sends more than this is not worth
  // reading.
  char bytes[4096];
  for (int i = 0; i < 16 && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; ++i) continue;
  shutdown(fd, SHUT_RDWR);
  int error =
      0;  // Reading a pending error takes it off the socket, so that the next read finds the end.
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
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

void SocketTable::Established(int fd) {
  Entry& entry = At(fd);
  entry.established = true;
  if (entry.wanted == 0) Register(fd, entry, EPOLLIN);
}

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

bool SocketTable::TakeEvent(int fd, std::uint32_t events) {
  Entry& entry = At(fd);
  if (entry.wanted != 0) return true;
  if (!entry.established) {
    Unregister(fd, entry);
    return false;
  }
  constexpr std::uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (silent_when_idle_ ? kGone | EPOLLIN : kGone)) != 0) {
    if (!HasInput(fd)) return false;
    ShutDown(fd);
    Unregister(fd, entry);
  } else if ((events & EPOLLOUT) != 0) {
    Register(fd, entry,
             EPOLLIN);  // Left from the last transfer, and true for as long as it is idle.
  } else {
    Unregister(fd, entry);
  }
  return false;
}

void SocketTable::Register(int fd, Entry& entry, std::uint32_t events) {
  epoll_event event{};
  event.events = events | EPOLLRDHUP;
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
  // Closed since: by now the number may be another thread's.
  if (entry.registered == 0) return;
  epoll_event event{};
  // Fails when the descriptor was closed before, which is as good.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &event);
  entry.registered = 0;
}

}  // namespace msp::http
