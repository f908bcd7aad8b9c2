// SPDX-License-Identifier: Apache-2.0

// The listening socket of the gRPC port. gRPC 1.51 closes its own only with the server, which drops
// calls that are just arriving; a drain closes this one first. Used by server.cc, on one thread.
#pragma once

#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "absl/status/status.h"
#include "service/base/mutex.h"

namespace msp::server {

class Listener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
  // A connection beyond `connections_max` is closed at once.
  explicit Listener(std::size_t connections_max) : connections_max_(connections_max) {}
  ~Listener() { Close(); }
  void Add(int fd) { sockets_.push_back({fd, POLLIN, 0}); }  // `fd` listens already.
  // Listens on "host:port", every address of the host; port 0 picks one.
  absl::Status Bind(const std::string& listen) {
    const std::size_t colon = listen.rfind(':');
    std::string host = listen.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{}, *all = nullptr;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    bool bound = getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &all) == 0;
    for (const auto* one = all; one != nullptr; one = one->ai_next) bound = Listen(*one) && bound;
    if (all != nullptr) freeaddrinfo(all);
    if (bound && port_ != 0) return absl::OkStatus();
    return absl::UnavailableError("cannot listen on " + listen + ": in use, or not this machine's");
  }
  int port() const { return port_; }
  void Serve(std::unique_ptr<Acceptor> acceptor) {  // On a thread of its own.
    acceptor_ = std::move(acceptor);
    thread_ = std::thread([this] { Accept(); });
  }
  // Open connections stay.
  void Close() {
    eventfd_write(sockets_[0].fd, 1);
    if (thread_.joinable()) thread_.join();
    for (pollfd& socket : sockets_) close(std::exchange(socket.fd, -1));
  }
  // Connections that are open, and how many were refused.
  std::size_t open() {
    MutexLock lock(mutex_);
    return RemoveClosed(), open_.size();
  }
  std::int64_t refused() const { return refused_; }

 private:
  // False when the address is in use. The port picked for the first one serves all.
  bool Listen(const addrinfo& address) {
    sockaddr_storage name{};
    memcpy(&name, address.ai_addr, address.ai_addrlen);
    auto& port = reinterpret_cast<sockaddr_in&>(name).sin_port;  // Of both families.
    if (port_ != 0) port = htons(static_cast<std::uint16_t>(port_));
    const int fd = socket(address.ai_family, SOCK_STREAM | kFlags, 0);
    const int on = 1;
    socklen_t size = address.ai_addrlen;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // Accepted sockets inherit it.
    if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) != 0 || listen(fd, SOMAXCONN) != 0) {
      close(fd);  // Skips an address family that this machine lacks.
      return errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT || errno == EBADF;
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(port);
    return Add(fd), true;
  }
  void Accept() {
    while (sockets_[0].revents == 0) {
      poll(sockets_.data(), sockets_.size(), -1);
      // Connections made before the stop are still served.
      for (std::size_t i = 1; i < sockets_.size(); ++i) {
        for (int fd = 0; (fd = accept4(sockets_[i].fd, nullptr, nullptr, kFlags)) >= 0;)
          HandOver(sockets_[i].fd, fd);
        if (errno == EMFILE || errno == ENFILE) usleep(10'000);
      }
    }
  }
  void HandOver(int listener, int fd) {
    {
      MutexLock lock(mutex_);
      if (open_.size() >= connections_max_) RemoveClosed();
      if (open_.size() >= connections_max_) return ++refused_, static_cast<void>(close(fd));
      open_.emplace_back(fd, InodeOf(fd));
    }
    Acceptor::NewConnectionParameters connection{.listener_fd = listener, .fd = fd};
    acceptor_->HandleNewConnection(&connection);
  }
  void RemoveClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::erase_if(open_, [](const auto& one) { return InodeOf(one.first) != one.second; });
  }
  static ino_t InodeOf(int fd) {
    struct stat file {};
    return fstat(fd, &file) == 0 ? file.st_ino : 0;
  }
  static constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const std::size_t connections_max_;
  int port_ = 0;
  // The first is the event that stops the thread.
  std::vector<pollfd> sockets_{{eventfd(0, EFD_CLOEXEC), POLLIN, 0}};
  std::unique_ptr<Acceptor> acceptor_;
  std::atomic<std::int64_t> refused_{0};
  Mutex mutex_;
  std::vector<std::pair<int, ino_t>> open_ ABSL_GUARDED_BY(mutex_);  // Descriptor, inode.
  std::thread thread_;
};

}  // namespace msp::server
