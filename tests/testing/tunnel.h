// An HTTP proxy that opens one tunnel (CONNECT) at a time, for tests.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "service/base/mutex.h"

namespace msp::testing {

class Tunnel {
 public:
  Tunnel();
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  std::string url() const;
  // The header of the last CONNECT request.
  std::string request() const;
  int tunnels() const { return tunnels_; }

 private:
  void Run();
  void Serve(int client);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> tunnels_{0};
  std::atomic<bool> stops_{false};
  mutable Mutex mutex_;
  std::string request_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace msp::testing
