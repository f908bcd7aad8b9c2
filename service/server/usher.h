// Hands connections to gRPC, on a thread of its own: gRPC begins to work on a connection there, and
// does not come back for as long as it has more bytes to read. There are a few of them, so that one
// flood does not keep the others waiting, and they stand back behind the threads of calls under
// way.
//
// Owned by the acceptor, which alone calls it.
#pragma once

#include <grpcpp/server_builder.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>

#include "service/base/mutex.h"

namespace msp::server {

class Usher {
 public:
  using Connections = grpc::experimental::ExternalConnectionAcceptor;

  // Its thread has this nice value.
  Usher(std::unique_ptr<Connections> connections, int nice);
  // Hands over what is waiting.
  ~Usher();
  Usher(const Usher&) = delete;
  Usher& operator=(const Usher&) = delete;

  void Take(int fd);
  // Connections that wait for it, the one in hand included.
  std::size_t busy() const { return busy_.load(std::memory_order_relaxed); }

 private:
  void Run();

  const std::unique_ptr<Connections> connections_;
  const int nice_;
  std::atomic<std::size_t> busy_{0};
  Mutex mutex_;
  CondVar wake_;
  std::deque<int> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace msp::server
