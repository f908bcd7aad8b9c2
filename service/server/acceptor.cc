#include "service/server/acceptor.h"

#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace msp::server {
namespace {

using Clock = FloodGuard::Clock;

constexpr int kBacklog = 4096;
// Without descriptors left, accepting is tried again after this time.
constexpr int kExhaustedWaitMs = 100;
// Between two looks at what the connections brought.
constexpr std::chrono::milliseconds kLookAgain{250};

void SetOption(int fd, int level, int name) {
  const int on = 1;
  setsockopt(fd, level, name, &on, sizeof on);
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

// What the kernel has counted; false when there is no such connection any more.
bool Read(int fd, FloodGuard::Reading* reading) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  *reading = {.received = info.tcpi_bytes_received, .sent = info.tcpi_bytes_sent};
  return true;
}

// A listener, or -1 with errno.
int ListenOn(const addrinfo& address) {
  const int fd =
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (fd < 0) return -1;
  // A port whose last connections are still being laid to rest is free.
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Bind(const std::string& listen,
                                                         std::int64_t connections_max) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos)
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", listen, ": no port"));
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::unique_ptr<Acceptor> acceptor(new Acceptor(connections_max));
  if (absl::Status status = acceptor->Listen(host, listen.substr(colon + 1)); !status.ok())
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", listen, ": ", status.message()));
  return acceptor;
}

Acceptor::~Acceptor() { Close(); }

absl::Status Acceptor::Listen(const std::string& host, const std::string& port) {
  stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd_ < 0) return absl::ResourceExhaustedError("no file descriptor is left");
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &addresses); error != 0)
    return absl::UnavailableError(gai_strerror(error));
  int error = 0;
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    // The port that was picked for the first address serves the others too.
    if (port_ != 0 && address->ai_family == AF_INET6)
      reinterpret_cast<sockaddr_in6*>(address->ai_addr)->sin6_port =
          htons(static_cast<std::uint16_t>(port_));
    if (port_ != 0 && address->ai_family == AF_INET)
      reinterpret_cast<sockaddr_in*>(address->ai_addr)->sin_port =
          htons(static_cast<std::uint16_t>(port_));
    const int fd = ListenOn(*address);
    if (fd < 0) {
      // A host may be known by an address of a family that this machine has not.
      if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) error = errno;
      continue;
    }
    listeners_.push_back(fd);
    if (port_ == 0) port_ = PortOf(fd);
  }
  freeaddrinfo(addresses);
  if (!listeners_.empty() && error == 0) return absl::OkStatus();
  return absl::UnavailableError("the address is in use or not this machine's");
}

void Acceptor::Serve(std::unique_ptr<Connections> connections) {
  connections_ = std::move(connections);
  thread_ = std::thread([this] { Accept(); });
}

void Acceptor::Close() {
  if (stop_fd_ >= 0) eventfd_write(stop_fd_, 1);
  if (thread_.joinable()) thread_.join();
  for (const int fd : listeners_) close(fd);
  listeners_.clear();
  if (stop_fd_ >= 0) close(stop_fd_);
  stop_fd_ = -1;
}

void Acceptor::Accept() {
  std::vector<pollfd> polled{{.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  for (const int fd : listeners_) polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  Clock::time_point looked = Clock::now();
  bool looks = false;
  while (true) {
    poll(polled.data(), polled.size(), looks ? static_cast<int>(kLookAgain.count()) : -1);
    // What has connected by the time of the stop is still served.
    for (std::size_t i = 1; i < polled.size(); ++i) {
      int fd = 0;
      while ((fd = accept4(polled[i].fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        HandOver(fd);
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        poll(polled.data(), 1, kExhaustedWaitMs);
    }
    if ((polled[0].revents & POLLIN) != 0) return;
    if (looks && Clock::now() - looked < kLookAgain) continue;
    looked = Clock::now();
    looks = CutFloods();
  }
}

void Acceptor::HandOver(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
  struct stat facts {};
  {
    MutexLock lock(mutex_);
    const auto full = [this] {
      return std::cmp_greater_equal(handed_over_.size(), connections_max_);
    };
    if (handed_over_.size() == handed_over_.capacity() || full()) ForgetClosed();
    if (full() || fstat(fd, &facts) != 0) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      close(fd);
      return;
    }
    handed_over_.push_back({fd, facts.st_ino, FloodGuard(Clock::now())});
  }
  Connections::NewConnectionParameters connection;
  connection.fd = fd;
  connections_->HandleNewConnection(&connection);
}

void Acceptor::ForgetClosed() {
  std::erase_if(handed_over_, [](const Connection& connection) {
    struct stat facts {};
    return fstat(connection.fd, &facts) != 0 || facts.st_ino != connection.inode;
  });
}

bool Acceptor::CutFloods() {
  const Clock::time_point now = Clock::now();
  MutexLock lock(mutex_);
  ForgetClosed();
  for (Connection& connection : handed_over_) {
    FloodGuard::Reading reading;
    if (!Read(connection.fd, &reading) || !connection.guard.Floods(reading, now)) continue;
    // gRPC sees the end of the connection, and closes it.
    shutdown(connection.fd, SHUT_RDWR);
    cut_.fetch_add(1, std::memory_order_relaxed);
  }
  return !handed_over_.empty();
}

std::size_t Acceptor::open() {
  MutexLock lock(mutex_);
  ForgetClosed();
  return handed_over_.size();
}

}  // namespace msp::server
