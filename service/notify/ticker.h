// Drives the event core in real time: one thread that sleeps until something is due.
#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/notify/hub.h"

namespace msp::notify {

class Ticker {
 public:
  explicit Ticker(Hub& hub);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run();

  Hub& hub_;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace msp::notify
