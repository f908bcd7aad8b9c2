// The part of a worker that lets another thread do its work (attended.h).
#include <sys/epoll.h>

#include <array>
#include <utility>

#include "service/http/curl_worker.h"

namespace msp::http {
namespace {

// After this long without a visit of the attending thread the worker's own steps in.
constexpr std::chrono::milliseconds kMissedAfter{5};

}  // namespace

// False when nobody attends, or who does has not come by for a while: gRPC, too, may keep it.
bool CurlWorker::StoodAside() {
  if (!attended_.load(std::memory_order_acquire)) return false;
  {
    MutexLock turn(turn_);
    sleep_until_ = kAtOnce;  // No timer has to wake it: it looks up often enough.
  }
  MutexLock lock(aside_mutex_);
  stands_aside_.store(true, std::memory_order_release);
  bool missed = false;
  while (attended_.load(std::memory_order_acquire) && !missed) {
    const std::uint64_t before = visits_.load(std::memory_order_relaxed);
    aside_.WaitUntil(aside_mutex_, Clock::now() + kMissedAfter);
    missed = visits_.load(std::memory_order_relaxed) == before;
  }
  stands_aside_.store(false, std::memory_order_release);
  return !missed || !attended_.load(std::memory_order_acquire);
}

std::int64_t CurlWorker::InFlight() const {
  return counters_.shares[0].in_flight.load(std::memory_order_relaxed) +
         counters_.shares[1].in_flight.load(std::memory_order_relaxed);
}

void CurlWorker::Attend() { attended_.store(true, std::memory_order_release); }

bool CurlWorker::Work() {
  visits_.store(visits_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (InFlight() == 0 && !has_ended_.load(std::memory_order_relaxed) && !inbox_.HasNews())
    return false;
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, 0);
  {
    MutexLock turn(turn_);
    if (!connections_) return false;
    TakeEvents(events.data(), count);
    Turn();
    attended_ended_.swap(ended_);
    has_ended_.store(false, std::memory_order_relaxed);
  }
  const bool worked = count > 0 || !attended_ended_.empty();
  for (Ended& one : attended_ended_) std::move(one.done)(std::move(one.response));
  attended_ended_.clear();
  return worked;
}

void CurlWorker::Rest() {
  bool waited_for = false;
  {
    MutexLock turn(turn_);
    attended_.store(false, std::memory_order_release);
    waited_for = connections_ && (IsWaitedFor() || inbox_.HasNews());
  }
  bool stands_aside = false;
  {
    MutexLock lock(aside_mutex_);
    stands_aside = stands_aside_.load(std::memory_order_relaxed);
  }
  if (stands_aside) aside_.NotifyOne();
  if (waited_for) Wake();
}

}  // namespace msp::http
