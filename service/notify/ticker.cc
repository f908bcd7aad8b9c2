#include "service/notify/ticker.h"

#include <algorithm>
#include <chrono>

namespace msp::notify {
namespace {

// Woken at least so often: a clock's largest time is more than some waits can take.
constexpr std::chrono::seconds kNapMax{60};

}  // namespace

Ticker::Ticker(Hub& hub) : hub_(hub) {
  hub_.OnEarlier([this] {
    {
      MutexLock lock(mutex_);
      woken_ = true;
    }
    changed_.NotifyOne();
  });
  thread_ = std::thread([this] { Run(); });
}

Ticker::~Ticker() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Ticker::Run() {
  while (true) {
    const Hub::Time next = hub_.RunDue();
    const Hub::Time until = std::min(next, Hub::Clock::now() + kNapMax);
    MutexLock lock(mutex_);
    while (!woken_ && !stopping_ && changed_.WaitUntil(mutex_, until)) {
    }
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace msp::notify
