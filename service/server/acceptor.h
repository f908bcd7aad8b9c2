// Listens, and hands each connection to gRPC.
//
// gRPC's own listeners close only with its server, which from that moment on drops calls that are
// just arriving: a client that has not heard of the end yet sees them fail. So the listener is
// ours: it closes first, connections leave by their age (gRPC tells each client in time), and only
// then the server is shut down.
//
// Owned by Server; its functions are called from one thread, connections are accepted on its own.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"

namespace msp::server {

class Acceptor {
 public:
  using Connections = grpc::experimental::ExternalConnectionAcceptor;

  // Listens on "host:port", on every address that the host has; port 0 picks one. An address in use
  // is an error. Nothing is accepted yet.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Bind(const std::string& listen);
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

 private:
  Acceptor() = default;
  absl::Status Listen(const std::string& host, const std::string& port);
  void Accept();
  void HandOver(int fd);
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  int port_ = 0;
  int stop_fd_ = -1;
  std::vector<int> listeners_;
  std::unique_ptr<Connections> connections_;
  std::thread thread_;
  Mutex mutex_;
  // A descriptor is another connection's when its inode has changed.
  std::vector<std::pair<int, ino_t>> handed_over_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace msp::server
