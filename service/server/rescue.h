// A second thread for the completion queue while somebody floods. Owned by Server; the acceptor's
// guard calls `Rush`, on its thread.
#pragma once

#include <grpcpp/server_builder.h>

#include <chrono>
#include <thread>

#include "service/base/mutex.h"
#include "service/server/tag.h"

namespace msp::server {

// A second thread for the queue while somebody floods: gRPC reads a connection for as long as it
// has more bytes, on whichever thread polls, and the calls of others would wait. Costs nothing
// otherwise; a second poller at all times would cost every call a wake-up.
class Rescue {
 public:
  explicit Rescue(grpc::ServerCompletionQueue& queue) : queue_(queue) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Rescue() { Stop(); }
  Rescue(const Rescue&) = delete;
  Rescue& operator=(const Rescue&) = delete;

  void Stop() {
    {
      MutexLock lock(mutex_);
      stop_ = true;
    }
    wake_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

  void Rush() {
    {
      MutexLock lock(mutex_);
      until_ = std::chrono::steady_clock::now() + kHelpsFor;
    }
    wake_.NotifyAll();
  }

 private:
  // True when there is something to help with.
  bool Wait() {
    MutexLock lock(mutex_);
    while (!stop_ && std::chrono::steady_clock::now() >= until_) wake_.Wait(mutex_);
    return !stop_;
  }
  void Run() {
    while (Wait()) {
      void* tag = nullptr;
      bool ok = false;
      const auto soon = std::chrono::system_clock::now() + kOneTurn;
      if (queue_.AsyncNext(&tag, &ok, soon) == grpc::CompletionQueue::GOT_EVENT)
        static_cast<Tag*>(tag)->Proceed(ok);
    }
  }

  static constexpr std::chrono::milliseconds kHelpsFor{500};
  static constexpr std::chrono::milliseconds kOneTurn{100};

  grpc::ServerCompletionQueue& queue_;
  Mutex mutex_;
  CondVar wake_;
  std::chrono::steady_clock::time_point until_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace msp::server
