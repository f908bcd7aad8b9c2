// One event loop over the connections to the upstream, and the thread that waits for its sockets.
//
// Owned by the pool. Any thread offers jobs and reads the counters. Everything else (connections,
// transfers, sockets, deadlines, waiting jobs) is guarded by the loop's lock, the turn. The
// worker's thread takes it when something has come in, and the thread that offers a job takes it to
// start the request itself, so that a request costs no wake-up on its way out. A thread that finds
// the lock held leaves its job in the inbox, which the holder looks into before it unlocks.
// Callbacks run on the worker's thread, outside the lock.
//
// libcurl's multi handle drives connections until they are established; from then on their sockets
// are the loop's own. A request goes out on an idle connection without a pending event, or on a new
// one. An event on an idle connection is its end: HTTP/1.1 has a server send nothing unasked.
//
// While a thread attends to it (attended.h), that one does all this and the worker's own stands
// aside: it sleeps until the other rests.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/http/curl_connection_pool.h"
#include "service/http/curl_transfer.h"
#include "service/http/inbox.h"
#include "service/http/response_parser.h"
#include "service/http/waiting_line.h"

namespace msp::http {

// The bounds of one kind of request, reads or writes, in one worker.
struct ShareLimits {
  int in_flight_max = 0;
  int queue_max = 0;  // Waiting beside those in flight.
};

struct WorkerOptions {
  ConnectionPoolOptions connections;
  RequestOptions request;
  ShareLimits writes;
  ShareLimits reads;
  std::size_t bodies_max_bytes = 0;  // Of the answers on their way together.
  int index = 0;                     // For the thread's name.
};

// Written by whoever has the turn (`outstanding` and `refused_full` by callers too), read by
// anyone.
struct WorkerCounters {
  struct Share {
    std::atomic<std::int64_t> outstanding{0};  // Offered and not ended: waiting or in flight.
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> refused_full{0};
  };
  std::array<Share, 2> shares;  // Writes, reads.
  std::atomic<std::int64_t> connections_new{0};
  std::atomic<std::int64_t> connections_reused{0};
  std::array<std::atomic<std::int64_t>, 3> ended{};  // By fate.
};

class CurlWorker {
 public:
  enum class Offered : std::uint8_t { kTaken, kFull, kClosed };

  // Starts the thread. Fails when the system has no descriptor or memory left.
  static absl::StatusOr<std::unique_ptr<CurlWorker>> Create(WorkerOptions options);
  ~CurlWorker();

  // Takes the job, or leaves it untouched. Any thread.
  Offered Offer(Job& job);
  // Takes no more jobs; those not yet begun end as kStopped, those in flight go on to their end.
  void Close();
  // As in attended.h.
  void Attend();
  bool Work();
  void Rest();
  // Waits until every job has ended. Not from a callback, nor while a thread attends.
  void Join();

  const WorkerCounters& counters() const { return counters_; }

 private:
  static constexpr int kShareCount = 2;
  static constexpr int kEventsMax = 256;         // Taken from epoll at a time.
  static constexpr Clock::time_point kAtOnce{};  // A moment long past.
  static constexpr std::size_t kReadBytes = 16 << 10;
  // The requests of one kind.
  struct Share {
    ShareLimits limits;
    int in_flight = 0;
    WaitingLine waiting;
    bool HasRoom() const { return in_flight < limits.in_flight_max; }
  };

  // A request that has ended, and what its caller wants to do about it.
  struct Ended {
    Done done;
    Response response;
  };

  explicit CurlWorker(WorkerOptions options);
  absl::Status SetUp();
  void Run();
  void Wake() const;
  bool StoodAside();
  // Requests begun and not yet reaped, as any thread may see it.
  std::int64_t InFlight() const;
  void CleanUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);

  // Everything that can be done without waiting, but for what the sockets say.
  void Turn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void TakeEvents(const epoll_event* events, int count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void SeeGoodbyes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void TakeJobs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void RefuseWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void ExpireWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void FillSlots() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void ExpireTransfers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  // The moment at which there is something to do even if nothing comes in.
  Clock::time_point NextDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  // Decides until when the worker's thread may sleep.
  void PrepareSleep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  // Whether the worker's thread has to be told of what a caller did in its turn.
  bool IsWaitedFor() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);

  Share& ShareOf(const Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_) {
    return shares_[static_cast<std::size_t>(job.request.read)];
  }
  void Launch(Job job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void Refuse(Job job, Failure failure, const char* detail) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  // Notes a callback that has to run.
  void ToTell(Done done, Response response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);

  // Gives the transfer a connection: an idle one unless it must be new, or one to be opened.
  void Dispatch(Transfer& transfer, bool on_new) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void Send(Transfer& transfer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void TakeOpened() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void OnEvent(CurlConnection& connection, std::uint32_t events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  // Takes the connection from the transfer. `keep`: it may be used again.
  void Release(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void End(Transfer& transfer, bool keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);

  const WorkerOptions options_;
  WorkerCounters counters_;
  Inbox inbox_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  Mutex turn_;
  std::optional<ConnectionPool> connections_ ABSL_GUARDED_BY(turn_);
  BodyBudget body_budget_ ABSL_GUARDED_BY(turn_);
  std::array<char, kReadBytes> read_buffer_ ABSL_GUARDED_BY(turn_);
  // The worker's thread wakes by itself then.
  Clock::time_point sleep_until_ ABSL_GUARDED_BY(turn_);
  // Cleared in the turn; the worker's thread stands aside while it is set.
  std::atomic<bool> attended_{false};
  std::atomic<std::uint64_t> visits_{0};  // Of the attending thread, which alone counts them.
  Mutex aside_mutex_;
  CondVar aside_;
  std::atomic<bool> stands_aside_{false};         // Written with the lock above held.
  bool launched_ ABSL_GUARDED_BY(turn_) = false;  // Something, since it last decided to sleep.
  bool open_ ABSL_GUARDED_BY(turn_) = true;
  std::array<Share, kShareCount> shares_ ABSL_GUARDED_BY(turn_);  // Writes, reads.
  std::vector<Job> taken_ ABSL_GUARDED_BY(turn_);
  std::vector<Ended> ended_ ABSL_GUARDED_BY(turn_);
  std::atomic<bool> has_ended_{false};  // `ended_` is not empty.
  std::vector<std::unique_ptr<Transfer>> transfers_ ABSL_GUARDED_BY(turn_);
  std::vector<Transfer*> idle_transfers_ ABSL_GUARDED_BY(turn_);
  std::vector<Transfer*> in_flight_ ABSL_GUARDED_BY(turn_);
  // Not after any deadline in flight; the end of time where there is none.
  Clock::time_point next_deadline_ ABSL_GUARDED_BY(turn_) = Clock::time_point::max();
  // The attending thread's own.
  std::vector<Ended> attended_ended_;
  std::thread thread_;
};

}  // namespace msp::http
