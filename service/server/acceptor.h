// Listens, and hands each connection to gRPC.
//
// gRPC's own listeners close only with its server, which from that moment on drops calls that are
// just arriving: a client that has not heard of the end yet sees them fail. So the listener is
// ours: it closes first, connections leave by their age (gRPC tells each client in time), and only
// then the server is shut down. It also bounds what gRPC does not: the number of connections, and
// clients that flood (flood_guard.h).
//
// Owned by Server; its functions are called from one thread, connections are accepted on its own
// and looked after on another.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/server/call_counts.h"
#include "service/server/flood_guard.h"
#include "service/server/memory_watch.h"
#include "service/server/turnstile.h"
#include "service/server/usher.h"
#include "service/server/waiting_room.h"

namespace msp::server {

class Acceptor {
 public:
  using Connections = Usher::Connections;

  // Run on threads of the acceptor's, with its lock held: to be quick, and not to call it.
  struct Hooks {
    // Whenever a connection brings more than calls, every few milliseconds.
    std::function<void()> rush;
    std::function<void(const Flood& flood)> flooded;
  };

  // Listens on "host:port", on every address that the host has; port 0 picks one. An address in use
  // is an error. Nothing is accepted yet. For a connection beyond `connections_max` the quietest
  // one goes; where all are too young to tell, the new one. `calls` says which connections are
  // used; without it none is taken for a flood. It outlives the acceptor. When the process is short
  // of `memory_max_bytes` (memory_watch.h), connections go that have no call in hand and yet
  // brought something: calls that were only begun, 12 KiB each.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Bind(const std::string& listen,
                                                        std::int64_t connections_max = 4096,
                                                        const CallCounts* calls = nullptr,
                                                        std::int64_t memory_max_bytes = 0);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int port() const { return port_; }
  // Accepts from here on, and hands connections over to these by turns; of several the last one is
  // for those whose address has flooded. Called once.
  void Serve(std::vector<std::unique_ptr<Connections>> connections, Hooks hooks = {});
  // Refuses new connections; those handed over live on.
  void Close();
  // Connections handed over that are still open.
  std::size_t open();
  // Connections that were refused because there were too many or they said nothing, and that were
  // cut for flooding.
  std::int64_t refused() const {
    return refused_.load(std::memory_order_relaxed) + turned_away_.load(std::memory_order_relaxed);
  }
  std::int64_t cut() const { return cut_.load(std::memory_order_acquire); }
  // Connections that had to wait for their turn because of floods.
  std::int64_t delayed() const { return delayed_.load(std::memory_order_relaxed); }

 private:
  // Between two looks at a connection while it is young or brings much.
  static constexpr std::chrono::milliseconds kLookSoon{5};

  struct Connection {
    // A descriptor is another connection's when its inode has changed.
    bool open() const;

    int fd = -1;
    ino_t inode = 0;
    std::uint16_t client_port = 0;
    std::uint32_t calls_before = 0;  // Over that port.
    Turnstile::Network network = 0;
    FloodGuard guard;
    FloodGuard::Clock::time_point since;
    FloodGuard::Clock::time_point next_look;
    std::optional<FloodGuard::Clock::time_point> begins;  // Since when it only begins calls.
    std::uint64_t settled = 0;  // Bytes that it had brought when it was last seen to call.
    bool narrow = true;         // Its receive buffer is.
    bool leaving = false;       // Cut; gRPC has still to close it.
  };

  Acceptor(std::int64_t connections_max, const CallCounts* calls, std::int64_t memory_max_bytes)
      : connections_max_(connections_max), calls_(calls), memory_(memory_max_bytes) {}
  absl::Status Listen(const std::string& host, const std::string& port);
  void Accept();
  void Admit(int fd, WaitingRoom& room);
  bool Judge(int fd, WaitingRoom::Stay stay, WaitingRoom& room);
  void Refuse(int fd);
  void HandOver(int fd);
  std::size_t Idlest() const;
  bool HasCalled(const Connection& connection) const;
  bool OnlyBegins(const Connection& connection, FloodGuard::Clock::time_point now) const;
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MakeRoom(FloodGuard::Clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Remembers that its network floods.
  void Blame(Turnstile::Network network, const Flood& flood, FloodGuard::Clock::time_point now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CutAsFlood(Connection& connection, FloodGuard::Clock::time_point now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cut(Connection& connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Guard();
  void CutFloods() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Look(Connection& connection, FloodGuard::Clock::time_point now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::int64_t connections_max_;
  const CallCounts* const calls_;
  const MemoryWatch memory_;
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> turned_away_{0};
  std::atomic<std::int64_t> cut_{0};
  std::atomic<std::int64_t> delayed_{0};
  int port_ = 0;
  int stop_fd_ = -1;
  int epoll_fd_ = -1;
  std::vector<int> listeners_;
  std::vector<std::unique_ptr<Usher>> ushers_;
  Hooks hooks_;
  std::thread thread_;
  // Not the accepting thread: gRPC works on that one, for as long as a flood has more bytes.
  std::thread guard_;
  Mutex mutex_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  FloodGuard::Clock::time_point next_look_ ABSL_GUARDED_BY(mutex_);  // At any connection.
  FloodGuard::Clock::time_point next_tidy_ ABSL_GUARDED_BY(mutex_);
  // Halved with each flood that is cut; it comes back.
  double trust_ ABSL_GUARDED_BY(mutex_) = 1;
  FloodGuard::Clock::time_point flooded_ ABSL_GUARDED_BY(mutex_);  // When one was cut last.
  FloodGuard::Clock::time_point trusted_ ABSL_GUARDED_BY(mutex_);  // When that was last so.
  Turnstile turnstile_ ABSL_GUARDED_BY(mutex_);
  std::int64_t leaving_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Connection> handed_over_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::server
