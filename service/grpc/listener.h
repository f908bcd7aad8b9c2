// SPDX-License-Identifier: Apache-2.0

// The listening socket of the gRPC port. gRPC 1.51 closes its own only with the server, which drops
// calls that are just arriving; a drain closes this one first. Used by server.cc, on one thread.
#pragma once

#include <grpcpp/server_builder.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "service/base/mutex.h"

namespace msp::server {

class Listener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
  // A connection beyond `connections_max` is closed at once.
  explicit Listener(std::size_t connections_max) : connections_max_(connections_max) {}
  ~Listener() { Close(); }
  // `fd` listens, without blocking; closed by `Close`.
  void Add(int fd) { sockets_.push_back({fd, POLLIN, 0}); }
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
  using Clock = std::chrono::steady_clock;

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
      // A system call for each connection: in a flood at most every 50 ms.
      if (open_.size() >= connections_max_ && Clock::now() >= next_removal_) RemoveClosed();
      if (open_.size() >= connections_max_) return ++refused_, static_cast<void>(close(fd));
      open_.emplace_back(fd, InodeOf(fd));
    }
    Acceptor::NewConnectionParameters connection{.listener_fd = listener, .fd = fd};
    acceptor_->HandleNewConnection(&connection);
  }
  void RemoveClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::erase_if(open_, [](const auto& one) { return InodeOf(one.first) != one.second; });
    next_removal_ = Clock::now() + std::chrono::milliseconds(50);
  }
  static ino_t InodeOf(int fd) {
    struct stat file {};
    return fstat(fd, &file) == 0 ? file.st_ino : 0;
  }
  static constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const std::size_t connections_max_;
  // The first is the event that stops the thread.
  std::vector<pollfd> sockets_{{eventfd(0, EFD_CLOEXEC), POLLIN, 0}};
  std::unique_ptr<Acceptor> acceptor_;
  std::atomic<std::int64_t> refused_{0};
  Mutex mutex_;
  std::vector<std::pair<int, ino_t>> open_ ABSL_GUARDED_BY(mutex_);  // Descriptor, inode.
  Clock::time_point next_removal_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace msp::server
