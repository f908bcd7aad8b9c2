// SPDX-License-Identifier: Apache-2.0

// One event loop over connections to the upstream, and the thread that waits for their sockets.
//
// Owned by the pool. Any thread submits requests, and writes them itself: a request costs no
// wake-up on its way out. The loop's lock guards everything: connections, transfers, deadlines, the
// wait queue. The loop's own thread takes it when a socket has an event, and is parked while
// another thread drives the loop. Callbacks run on the driving thread, without the lock.
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
#include "service/http/curl_connection_pool.h"
#include "service/http/curl_pool.h"
#include "service/http/curl_transfer.h"
#include "service/http/drivable.h"
#include "service/http/response_parser.h"

namespace msp::http {

// The bounds of one kind of request, reads or writes, in one loop.
struct ShareLimits {
  int in_flight_max = 0;
  int queue_max = 0;  // Waiting beside those in flight.
};

struct LoopOptions {
  ConnectionPoolOptions connections;
  RequestOptions request;
  ShareLimits writes;
  ShareLimits reads;
  std::size_t bodies_max_bytes = 0;  // Of the answers on their way together.
  int index = 0;                     // For the thread's name.
};

class EventLoop final : public Drivable {
 public:
  enum class Submitted : std::uint8_t { kTaken, kFull, kClosed };

  // Starts the thread. Fails when the system has no descriptor or memory left.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(LoopOptions options);
  ~EventLoop() override;

  // The loop that the calling thread drives, or drove last; null on other threads. May have been
  // destroyed since: to be compared alone.
  static const EventLoop* OfThisThread();

  // Takes the request, or leaves it untouched. Any thread.
  Submitted Submit(PendingRequest& pending);
  // Takes no more requests; those that wait end as kStopped, those in flight go on to their end.
  void Close();
  // Waits until every request has ended. Not from a callback, nor while another thread drives.
  void Join();

  void BeginDriving() override;
  bool Poll() override;
  void EndDriving() override;

  void AddTo(PoolStats& stats);

 private:
  static constexpr int kEventsMax = 256;  // Taken from epoll at a time.
  static constexpr std::size_t kReadBytes = 16 << 10;

  // The requests of one kind.
  struct Share {
    ShareLimits limits;
    int in_flight = 0;
    std::int64_t refused_full = 0;
    std::deque<PendingRequest> waiting;
    bool HasRoom() const { return in_flight < limits.in_flight_max; }
  };
  // A request that has ended, and what its caller wants to do about it.
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
  // Everything that can be done without waiting, but for what the sockets say.
  void RunDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(Clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When there is something to do even if no socket has an event.
  Clock::time_point NextDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the loop's thread, when it is not parked, has to be told of what a caller did.
  bool IsWakeNeeded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Share& ShareOf(const Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return shares_[static_cast<std::size_t>(request.read)];
  }
  void Launch(PendingRequest pending) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refuse(PendingRequest pending, TransferError failure, const char* detail)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives the transfer a connection: an idle one unless it must be new, or one to be opened.
  void Dispatch(Transfer& transfer, bool on_new) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(Transfer& transfer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeOpened() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEvent(CurlConnection& connection, std::uint32_t events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the connection from the transfer. `keep`: it may be used again.
  void Release(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LoopOptions options_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  Mutex mutex_;
  std::optional<ConnectionPool> connections_ ABSL_GUARDED_BY(mutex_);
  BodyBudget body_budget_ ABSL_GUARDED_BY(mutex_);
  std::array<char, kReadBytes> read_buffer_ ABSL_GUARDED_BY(mutex_);
  std::array<Share, 2> shares_ ABSL_GUARDED_BY(mutex_);  // Writes, reads.
  std::vector<std::unique_ptr<Transfer>> transfers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Transfer*> idle_transfers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Transfer*> in_flight_ ABSL_GUARDED_BY(mutex_);
  // Not after any deadline, in flight or waiting; the end of time where there is none.
  Clock::time_point next_deadline_ ABSL_GUARDED_BY(mutex_) = Clock::time_point::max();
  std::vector<Ended> ended_ ABSL_GUARDED_BY(mutex_);
  PoolStats stats_ ABSL_GUARDED_BY(mutex_);  // The counters of what has ended.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  bool driven_ ABSL_GUARDED_BY(mutex_) = false;
  bool parked_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar unparked_;
  // When the loop's thread wakes by itself.
  Clock::time_point sleep_until_ ABSL_GUARDED_BY(mutex_) = Clock::time_point::max();
  std::vector<Ended> driver_ended_;  // The driving thread's own.
  std::thread thread_;
};

}  // namespace msp::http
