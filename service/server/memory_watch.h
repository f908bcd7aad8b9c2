// Tells when the process is about to be short of memory: a container that takes more than it may is
// killed, and every call in it is lost. Functions of any thread.
#pragma once

#include <cstdint>

namespace msp::server {

class MemoryWatch {
 public:
  // `max_bytes` is what the process may take; 0: what MemoryLimit() finds.
  explicit MemoryWatch(std::int64_t max_bytes = 0);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // More than two thirds are resident.
  bool Short() const;

 private:
  std::int64_t short_pages_ = 0;
  int statm_fd_ = -1;
};

// What this process's control group may take, or the machine has, if that is less; in bytes.
std::int64_t MemoryLimit();

}  // namespace msp::server
