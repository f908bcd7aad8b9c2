#include "service/server/acceptor.h"

#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/server/waiting_room.h"

namespace msp::server {
namespace {

using Clock = FloodGuard::Clock;

constexpr int kBacklog = 4096;
// Without descriptors left, accepting is tried again after this time.
constexpr std::chrono::milliseconds kExhaustedWait{100};
constexpr int kEventsMax = 64;
constexpr int kNoTimeout = -1;
constexpr int kTidyEveryMs = 1'000;
// Between two looks at what the connections brought, and while one brings much.
constexpr std::chrono::milliseconds kLookAgain{250};
constexpr std::chrono::milliseconds kLookSoon{5};
// While floods come and are cut, each next connection waits this long for its turn; not for long
// after the last one, or whoever comes with many connections would keep the others waiting.
constexpr std::chrono::milliseconds kDistrust{20};
constexpr std::chrono::milliseconds kDistrustFor{500};
constexpr double kTrustLow = 0.5;
// More than a receive buffer may grow to.
constexpr std::size_t kDiscardMax = 64 << 20;
// After this long a client has greeted; one that never called has brought no more than this.
constexpr std::chrono::milliseconds kGreetingMax{1'000};
constexpr std::uint64_t kQuietBytesMax = 4'096;
// Trust is whole again after a minute.
constexpr double kTrustPerSecond = 1.0 / 60;

void SetOption(int fd, int level, int name, int value = 1) {
  setsockopt(fd, level, name, &value, sizeof value);
}

// Of one end of the connection, by getsockname or getpeername.
int PortOf(int fd, int (*name_of)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  name_of(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

// What the kernel has counted; false when there is no such connection any more.
bool ReadBytes(int fd, std::uint64_t* received) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  *received = info.tcpi_bytes_received;
  return true;
}

// Drops what has been received and not been read.
void Discard(int fd) {
  std::array<char, 65'536> nowhere;  // Not even written to.
  std::size_t dropped = 0;
  ssize_t size = 0;
  while (dropped < kDiscardMax &&
         (size = recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT | MSG_TRUNC)) > 0)
    dropped += static_cast<std::size_t>(size);
}

void Watch(int epoll_fd, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
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
                                                         std::int64_t connections_max,
                                                         const CallCounts* calls) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos)
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", listen, ": no port"));
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::unique_ptr<Acceptor> acceptor(new Acceptor(connections_max, calls));
  if (absl::Status status = acceptor->Listen(host, listen.substr(colon + 1)); !status.ok())
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", listen, ": ", status.message()));
  return acceptor;
}

Acceptor::~Acceptor() {
  Close();
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.NotifyAll();
  if (guard_.joinable()) guard_.join();
}

absl::Status Acceptor::Listen(const std::string& host, const std::string& port) {
  stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (stop_fd_ < 0 || epoll_fd_ < 0)
    return absl::ResourceExhaustedError("no file descriptor is left");
  Watch(epoll_fd_, stop_fd_);
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
    Watch(epoll_fd_, fd);
    if (port_ == 0) port_ = PortOf(fd, &getsockname);
  }
  freeaddrinfo(addresses);
  if (!listeners_.empty() && error == 0) return absl::OkStatus();
  return absl::UnavailableError("the address is in use or not this machine's");
}

void Acceptor::Serve(std::vector<std::unique_ptr<Connections>> connections,
                     std::function<void()> rush) {
  for (auto& one : connections) ushers_.push_back(std::make_unique<Usher>(std::move(one)));
  rush_ = std::move(rush);
  thread_ = std::thread([this] { Accept(); });
  guard_ = std::thread([this] { Guard(); });
}

void Acceptor::Close() {
  if (stop_fd_ >= 0) eventfd_write(stop_fd_, 1);
  if (thread_.joinable()) thread_.join();
  ushers_.clear();
  for (const int fd : listeners_) close(fd);
  listeners_.clear();
  for (int* fd : {&stop_fd_, &epoll_fd_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

void Acceptor::Accept() {
  WaitingRoom room(epoll_fd_, static_cast<std::size_t>(connections_max_));
  std::array<epoll_event, kEventsMax> events{};
  bool waits = false;
  bool stopped = false;
  while (!stopped) {
    const int count =
        epoll_wait(epoll_fd_, events.data(), kEventsMax, waits ? kTidyEveryMs : kNoTimeout);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop_fd_) {
        stopped = true;
      } else if (room.Leave(fd)) {
        HandOver(fd);
      }
    }
    // What has connected by the time of the stop is still served.
    for (const int listener : listeners_) {
      int fd = 0;
      while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        room.Enter(fd, Clock::now());
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        std::this_thread::sleep_for(kExhaustedWait);
    }
    waits = room.Tidy(Clock::now());
    turned_away_.store(room.turned_away(), std::memory_order_relaxed);
  }
  for (const int fd : room.Empty()) HandOver(fd);
}

void Acceptor::HandOver(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
  struct stat facts {};
  bool distrusts = false;
  {
    MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (handed_over_.size() == handed_over_.capacity()) ForgetClosed();
    if (!MakeRoom(now) || fstat(fd, &facts) != 0) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      close(fd);
      return;
    }
    handed_over_.push_back({.fd = fd,
                            .inode = facts.st_ino,
                            .client_port = static_cast<std::uint16_t>(PortOf(fd, &getpeername)),
                            .guard = FloodGuard(now, trust_),
                            .since = now});
    distrusts = trust_ < kTrustLow && now - flooded_ < kDistrustFor;
    if (handed_over_.size() == 1) changed_.NotifyAll();
  }
  if (distrusts) std::this_thread::sleep_for(kDistrust);
  const auto idlest =
      std::min_element(ushers_.begin(), ushers_.end(),
                       [](const auto& a, const auto& b) { return a->busy() < b->busy(); });
  (*idlest)->Take(fd);
}

// Whoever only holds a place gives it to whoever comes: the connection that has brought least goes,
// of those old enough to have said something.
bool Acceptor::MakeRoom(Clock::time_point now) {
  const auto full = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::cmp_greater_equal(handed_over_.size(), connections_max_ + leaving_);
  };
  if (!full()) return true;
  ForgetClosed();
  if (!full()) return true;
  Connection* quietest = nullptr;
  for (Connection& connection : handed_over_) {
    if (connection.leaving || now - connection.since < kGreetingMax) continue;
    if (quietest == nullptr || connection.guard.last().received < quietest->guard.last().received)
      quietest = &connection;
  }
  if (quietest == nullptr || quietest->guard.last().received > kQuietBytesMax) return false;
  Cut(*quietest);
  return true;
}

void Acceptor::Cut(Connection& connection) {
  // gRPC sees the end of the connection, and closes it; but first it would read what the kernel
  // holds for it, several MiB, and of a flood that is a second's work.
  shutdown(connection.fd, SHUT_RDWR);
  Discard(connection.fd);
  connection.leaving = true;
  ++leaving_;
  cut_.fetch_add(1, std::memory_order_relaxed);
}

void Acceptor::ForgetClosed() {
  std::erase_if(handed_over_, [this](const Connection& connection) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    struct stat facts {};
    if (fstat(connection.fd, &facts) == 0 && facts.st_ino == connection.inode) return false;
    if (connection.leaving) --leaving_;
    return true;
  });
}

void Acceptor::Guard() {
  MutexLock lock(mutex_);
  while (!stop_) {
    if (handed_over_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const Clock::time_point next = Clock::now() + CutFloods();
    while (!stop_ && changed_.WaitUntil(mutex_, next)) {
    }
  }
}

std::chrono::milliseconds Acceptor::CutFloods() {
  const Clock::time_point now = Clock::now();
  ForgetClosed();
  const std::chrono::duration<double> passed = now - trusted_;
  trust_ = std::min(1.0, trust_ + kTrustPerSecond * passed.count());
  trusted_ = now;
  bool rush = false;
  bool soon = false;
  for (Connection& connection : handed_over_) {
    FloodGuard::Reading reading;
    if (calls_ == nullptr || connection.leaving || !ReadBytes(connection.fd, &reading.received))
      continue;
    reading.calls = calls_->of(connection.client_port);
    const bool floods = connection.guard.Floods(reading, now);
    rush = rush || connection.guard.Rushes();
    soon = soon || now - connection.since < kGreetingMax;
    if (!floods) continue;
    Cut(connection);
    trust_ /= 2;
    flooded_ = now;
  }
  if (rush && rush_) rush_();
  return rush || soon ? kLookSoon : kLookAgain;
}

std::size_t Acceptor::open() {
  MutexLock lock(mutex_);
  ForgetClosed();
  return handed_over_.size();
}

}  // namespace msp::server
