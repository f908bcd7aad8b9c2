// Listens, and hands each connection to gRPC.
//
// gRPC's own listeners close only with its server, which from that moment on drops calls that are
// just arriving: a client that has not heard of the end yet sees them fail. So the listener is
// ours: it closes first, connections leave by their age (gRPC tells each client in time), and only
// then the server is shut down. It also bounds what gRPC does not: the number of connections, and
// clients that flood (flood_guard.h).
//
// Owned by Server; its functions are called from one thread, connections are accepted on its own.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/server/flood_guard.h"

namespace msp::server {

class Acceptor {
 public:
  using Connections = grpc::experimental::ExternalConnectionAcceptor;

  // Listens on "host:port", on every address that the host has; port 0 picks one. An address in use
  // is an error. Nothing is accepted yet. A connection beyond `connections_max` is closed at once.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Bind(const std::string& listen,
                                                        std::int64_t connections_max = 4096);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int port() const { return port_; }
  // Accepts from here on. Called once.
  void Serve(std::unique_ptr<Connections> connections);
  // Refuses new connections; those handed over live on.
  void Close();
  // Connections handed over that are still open.
  std::size_t open();
  // Connections that were refused because there were too many, and that were cut for flooding.
  std::int64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  std::int64_t cut() const { return cut_.load(std::memory_order_relaxed); }

 private:
  // A descriptor is another connection's when its inode has changed.
  struct Connection {
    int fd = -1;
    ino_t inode = 0;
    FloodGuard guard;
  };

  explicit Acceptor(std::int64_t connections_max) : connections_max_(connections_max) {}
  absl::Status Listen(const std::string& host, const std::string& port);
  void Accept();
  void HandOver(int fd);
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True while there are connections to look at again.
  bool CutFloods();

  const std::int64_t connections_max_;
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> cut_{0};
  int port_ = 0;
  int stop_fd_ = -1;
  std::vector<int> listeners_;
  std::unique_ptr<Connections> connections_;
  std::thread thread_;
  Mutex mutex_;
  std::vector<Connection> handed_over_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::server
