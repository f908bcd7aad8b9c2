// SPDX-License-Identifier: Apache-2.0

// One event loop over connections to the upstream, and the thread that waits for their sockets.
//
// Owned by the pool. Any thread submits requests and writes them itself: sending costs no wake-up.
// The loop's lock guards everything: connections, transfers, deadlines, the wait queue. The loop's
// own thread takes it when a socket has an event, and is parked while another thread drives the
// loop. Callbacks run on the driving thread, without the lock.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/curl/connection_pool.h"
#include "service/http/curl_pool.h"
#include "service/http/curl_transfer.h"
#include "service/http/drivable.h"
#include "service/http/response_parser.h"

namespace msp::http {

// The bounds of one kind of request, reads or writes, in one loop.
struct ShareLimits {
  int in_flight_max = 0;
  int queue_max = 0;  // Waiting requests, in addition to those in flight.
};

struct LoopOptions {
  curl::ConnectionPoolOptions connections;
  RequestOptions request;
  ShareLimits writes;
  ShareLimits reads;
  std::size_t bodies_max_bytes = 0;  // Of all answers in flight.
  int index = 0;                     // Of the pool's loops: names its thread, and where it counts.
};

class EventLoop final : public Drivable {
 public:
  enum class Submitted : std::uint8_t { kTaken, kFull, kClosed };

  // Starts the thread. Fails when the system has no descriptor or memory left.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(LoopOptions options);
  ~EventLoop() override;

  // The loop that the calling thread drives, or drove last; null on other threads. Only for
  // comparison: it may have been destroyed.
  static const EventLoop* OfThisThread();

  // Takes the request, or leaves it unchanged. Any thread.
  Submitted Submit(PendingRequest& pending);
  // Accepts no more requests; waiting ones end as kStopped, those in flight continue.
  void Close();
  // Waits until every request has ended. Must not be called from a callback or while another thread
  // drives.
  void Join();

  void BeginDriving() override;
  bool Poll() override;
  void EndDriving() override;

  void AddTo(PoolStats& stats);

 private:
  static constexpr int kEventsMax = 256;  // Per epoll_wait.

  // The requests of one kind.
  struct Share {
    ShareLimits limits;
    int in_flight = 0;
    std::int64_t refused_full = 0;
    std::deque<PendingRequest> waiting;
    bool HasRoom() const { return in_flight < limits.in_flight_max; }
  };
  // An ended request and its callback.
  struct Ended {
    Done done;
    Response response;
  };

  explicit EventLoop(LoopOptions options);
  absl::Status SetUp();
  void Run();
  void Wake() const;
  void CleanUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void TakeEvents(const epoll_event* events, int count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // All work that needs no waiting, except for socket events.
  void RunExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(Clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When there is work without a socket event.
  Clock::time_point NextDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True when the loop's thread, unless parked, has to be woken for a caller's change.
  bool IsWakeNeeded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Share& ShareOf(const Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return shares_[static_cast<std::size_t>(request.read)];
  }
  void Launch(PendingRequest pending) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refuse(PendingRequest pending, TransferError failure, const char* detail)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the transfer an idle connection, unless it must be new, or opens one.
  void Dispatch(Transfer& transfer, bool on_new) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(Transfer& transfer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeOpened() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEvent(curl::Connection& connection, std::uint32_t events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the connection from the transfer. `keep`: it may be reused.
  void Release(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LoopOptions options_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  Mutex mutex_;
  std::optional<curl::ConnectionPool> connections_ ABSL_GUARDED_BY(mutex_);
  BodyBudget body_budget_ ABSL_GUARDED_BY(mutex_);
  std::array<char, curl::kReadBytes> read_buffer_ ABSL_GUARDED_BY(mutex_);
  std::array<Share, 2> shares_ ABSL_GUARDED_BY(mutex_);  // Writes, reads.
  std::vector<std::unique_ptr<Transfer>> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Transfer>> idle_ ABSL_GUARDED_BY(mutex_);  // For later requests.
  // At most the earliest deadline, in flight or waiting; the maximum where there is none.
  Clock::time_point next_deadline_ ABSL_GUARDED_BY(mutex_) = Clock::time_point::max();
  std::vector<Ended> ended_ ABSL_GUARDED_BY(mutex_);
  PoolStats stats_ ABSL_GUARDED_BY(mutex_);  // Counters of ended requests.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  bool driven_ ABSL_GUARDED_BY(mutex_) = false;
  bool parked_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar unparked_;
  // When the loop's thread wakes by itself.
  Clock::time_point sleep_until_ ABSL_GUARDED_BY(mutex_) = Clock::time_point::max();
  std::vector<Ended> driver_ended_;  // Only for the driving thread.
  std::thread thread_;
};

}  // namespace msp::http
