#include "service/server/usher.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace msp::server {

Usher::Usher(std::unique_ptr<Connections> connections, int nice)
    : connections_(std::move(connections)), nice_(nice) {
  thread_ = std::thread([this] { Run(); });
}

Usher::~Usher() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

void Usher::Take(int fd) {
  busy_.fetch_add(1, std::memory_order_relaxed);
  {
    MutexLock lock(mutex_);
    waiting_.push_back(fd);
  }
  wake_.NotifyOne();
}

void Usher::Run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice_);
  while (true) {
    Connections::NewConnectionParameters connection;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty()) {
        if (stop_) return;
        wake_.Wait(mutex_);
      }
      connection.fd = waiting_.front();
      waiting_.pop_front();
    }
    connections_->HandleNewConnection(&connection);
    busy_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace msp::server
