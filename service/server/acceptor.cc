#include "service/server/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/server/sockets.h"
#include "service/server/waiting_room.h"

namespace msp::server {
namespace {

using Clock = FloodGuard::Clock;

// Without descriptors left, accepting is tried again after this time.
constexpr std::chrono::milliseconds kExhaustedWait{100};
constexpr int kEventsMax = 64;
// While floods come and are cut, gRPC gets a new connection this much later, and not if it is one
// by then.
constexpr std::chrono::milliseconds kDistrust{5};
constexpr std::chrono::milliseconds kDistrustFor{500};
// More than a client's greeting, and its first call. With more, one whose address has flooded waits
// for its turn.
constexpr std::uint64_t kGreetingBytesMax = 16 << 10;
// HTTP/2 lets a client that was not answered yet send 64 KiB of data, and the headers to it.
constexpr std::uint64_t kUnheardBytesMax = 128 << 10;
// Before its first call a connection cannot put more than this into gRPC's hands at a time, which
// would work through all of it whatever the guard says. A new HTTP/2 connection's own window is no
// larger. The last is for addresses that have flooded, and makes a large first message of theirs
// slow, over loopback most of all, where a segment alone is larger.
constexpr int kNarrow = 64 << 10;
constexpr int kNarrowest = 16 << 10;
// gRPC reads a new connection on its usher's thread for as long as it brings bytes; whoever floods
// stays. Calls under way come first where the processor is short: a greeting takes what is left, a
// tenth at the least. Those whose address floods get a hundredth: whoever is not that far behind
// may run on for some milliseconds when a call wakes another thread, as Linux shares out the time.
constexpr int kNice = 10;
constexpr int kNiceBackDoor = 19;

void Watch(int epoll_fd, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Bind(const std::string& listen,
                                                         std::int64_t connections_max,
                                                         const CallCounts* calls,
                                                         std::int64_t memory_max_bytes) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos)
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", listen, ": no port"));
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::unique_ptr<Acceptor> acceptor(new Acceptor(connections_max, calls, memory_max_bytes));
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
    if (port_ == 0) port_ = PortOf(fd);
  }
  freeaddrinfo(addresses);
  if (!listeners_.empty() && error == 0) return absl::OkStatus();
  return absl::UnavailableError("the address is in use or not this machine's");
}

void Acceptor::Serve(std::vector<std::unique_ptr<Connections>> connections, Hooks hooks) {
  for (auto& one : connections) {
    const bool back_door = !ushers_.empty() && &one == &connections.back();
    ushers_.push_back(std::make_unique<Usher>(std::move(one), back_door ? kNiceBackDoor : kNice));
  }
  hooks_ = std::move(hooks);
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
  int timeout_ms = room.Tidy(Clock::now());
  bool stopped = false;
  while (!stopped) {
    const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == stop_fd_) {
        stopped = true;
      } else if (const auto stay = room.Leave(fd); stay != WaitingRoom::Stay::kNone) {
        if (Judge(fd, stay, room)) HandOver(fd);
      }
    }
    // What has connected by the time of the stop is still served.
    for (const int listener : listeners_) {
      int fd = 0;
      while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        Admit(fd, room);
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        std::this_thread::sleep_for(kExhaustedWait);
    }
    timeout_ms = room.Tidy(Clock::now());
    turned_away_.store(room.turned_away(), std::memory_order_relaxed);
  }
  for (const int fd : room.Empty()) HandOver(fd);
}

// While floods come, a new connection has a moment to show whether it is one.
void Acceptor::Admit(int fd, WaitingRoom& room) {
  const Clock::time_point now = Clock::now();
  bool distrusts = false;
  {
    MutexLock lock(mutex_);
    distrusts = now - flooded_ < kDistrustFor ||
                turnstile_.Remembers(Turnstile::NetworkOf(PeerOf(fd).address), now);
  }
  room.Enter(fd, WaitingRoom::Stay::kToSpeak, now, distrusts ? now + kDistrust : now);
}

// False when it is not to be handed over: it was closed, or waits again.
bool Acceptor::Judge(int fd, WaitingRoom::Stay stay, WaitingRoom& room) {
  std::uint64_t received = 0;
  if (!ReadBytes(fd, &received) || received <= kGreetingBytesMax) return true;
  const Clock::time_point now = Clock::now();
  const Peer peer = PeerOf(fd);
  const Turnstile::Network network = Turnstile::NetworkOf(peer.address);
  MutexLock lock(mutex_);
  const bool floods = received > kUnheardBytesMax;
  if (floods) {
    Blame(network, {.peer = peer.text(), .bytes = received}, now);
  } else if (stay == WaitingRoom::Stay::kForTurn || !turnstile_.Remembers(network, now)) {
    return true;
  }
  const auto turn = turnstile_.Turn(network, now);
  if (floods && turn) {
    // It is kept for as long as the next one would wait: whoever was cut comes again at once.
    HoldNothing(fd);
    room.Enter(fd, WaitingRoom::Stay::kForEnd, now, *turn);
  } else if (floods) {
    close(fd);
  } else if (turn) {
    delayed_.fetch_add(1, std::memory_order_relaxed);
    room.Enter(fd, WaitingRoom::Stay::kForTurn, now, *turn);
  } else {
    Refuse(fd);
  }
  return false;
}

void Acceptor::Refuse(int fd) {
  refused_.fetch_add(1, std::memory_order_relaxed);
  close(fd);
}

void Acceptor::HandOver(int fd) {
  SetSocketOption(fd, IPPROTO_TCP, TCP_NODELAY);
  const Peer peer = PeerOf(fd);
  const Turnstile::Network network = Turnstile::NetworkOf(peer.address);
  // Over an earlier connection of the same port.
  FloodGuard::Reading before;
  if (calls_ != nullptr)
    before = {.calls = calls_->of(peer.port()), .beyond_kib = calls_->beyond_kib(peer.port())};
  bool flooded = false;
  {
    MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    struct stat facts {};
    if (handed_over_.size() == handed_over_.capacity()) ForgetClosed();
    if (!MakeRoom(now) || fstat(fd, &facts) != 0) return Refuse(fd);
    handed_over_.push_back({.fd = fd,
                            .inode = facts.st_ino,
                            .client_port = peer.port(),
                            .calls_before = before.calls,
                            .network = network,
                            .guard = FloodGuard(now, trust_, before),
                            .since = now,
                            .next_look = now + kLookSoon});
    flooded = turnstile_.Remembers(network, now);
    SetReceiveBuffer(fd, flooded ? kNarrowest : kNarrow);
    if (handed_over_.size() == 1 || next_look_ > now + kLookSoon) {
      next_look_ = now + kLookSoon;
      changed_.NotifyAll();
    }
  }
  ushers_[flooded ? ushers_.size() - 1 : Idlest()]->Take(fd);
}

// Not of the back door's.
std::size_t Acceptor::Idlest() const {
  std::size_t idlest = 0;
  for (std::size_t i = 1; i + 1 < ushers_.size(); ++i) {
    if (ushers_[i]->busy() < ushers_[idlest]->busy()) idlest = i;
  }
  return idlest;
}

std::size_t Acceptor::open() {
  MutexLock lock(mutex_);
  ForgetClosed();
  return handed_over_.size();
}

}  // namespace msp::server
