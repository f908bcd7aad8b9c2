#include "service/notify/visit.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace msp::notify {
namespace {

constexpr std::size_t kReadAhead = 4'096;

}  // namespace

ssize_t Visit::read(char* into, std::size_t size) {
  if (at_ < buffer_.size()) {
    const std::size_t taken = std::min(size, buffer_.size() - at_);
    std::memcpy(into, buffer_.data() + at_, taken);
    at_ += taken;
    return static_cast<ssize_t>(taken);
  }
  if (!Ready(true)) return -1;
  if (size >= kReadAhead) return Receive(into, size);
  buffer_.resize(kReadAhead);
  const ssize_t got = Receive(buffer_.data(), buffer_.size());
  buffer_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  at_ = 0;
  return got > 0 ? read(into, size) : got;
}

ssize_t Visit::Receive(char* into, std::size_t size) {
  if (bytes_left_ == 0) return -1;
  const ssize_t got = recv(fd_, into, std::min(size, bytes_left_), MSG_DONTWAIT);
  bytes_left_ -= static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  return got;
}

ssize_t Visit::write(const char* from, std::size_t size) {
  if (!Ready(false)) return -1;
  return send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Visit::Ready(bool to_read) const {
  if (to_read && at_ < buffer_.size()) return true;
  pollfd waited{.fd = fd_, .events = static_cast<short>(to_read ? POLLIN : POLLOUT), .revents = 0};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
    if (left.count() <= 0) return false;
    const int ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// Nobody asks: a visitor's address is no proof of anything.
void Visit::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}
void Visit::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace msp::notify
