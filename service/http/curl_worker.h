// One libcurl multi handle and the thread that waits for its sockets.
//
// Owned by the pool. Any thread offers jobs and reads the counters. Everything else (easy handles,
// connections, sockets, timers, waiting jobs) belongs to whoever has the turn: the worker's thread
// when something has come in, and the thread that offers a job, which starts the request itself
// when nobody else has the turn. So a request costs no wake-up on its way out; one that finds the
// turn taken leaves its job in the inbox, which whoever has the turn looks into before it rests.
// Callbacks run on the worker's thread, outside the turn.
//
// While a thread attends to it (attended.h), that one does all this and the worker's own stands
// aside: it sleeps until the other rests.
#pragma once

#include <curl/curl.h>
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/http/curl_sockets.h"
#include "service/http/curl_transfer.h"
#include "service/http/inbox.h"
#include "service/http/waiting_line.h"

namespace msp::http {

// The bounds of one kind of request, reads or writes, in one worker.
struct ShareLimits {
  int in_flight_max = 0;
  int queue_max = 0;  // Waiting beside those in flight.
};

struct WorkerOptions {
  TransferOptions transfer;
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
  std::atomic<std::int64_t> resends_stopped{0};
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
  void KickTimer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
  void Reap() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);
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
  void End(Transfer* transfer, CURLcode code) ABSL_EXCLUSIVE_LOCKS_REQUIRED(turn_);

  // Callbacks of libcurl; `self` is the worker, and the turn is its caller's.
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  const WorkerOptions options_;
  WorkerCounters counters_;
  Inbox inbox_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  Mutex turn_;
  SocketTable sockets_ ABSL_GUARDED_BY(turn_);
  BodyRoom body_room_ ABSL_GUARDED_BY(turn_);
  CURLM* multi_ ABSL_GUARDED_BY(turn_) = nullptr;
  Clock::time_point timer_at_ ABSL_GUARDED_BY(turn_) = Clock::time_point::max();
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
  int in_flight_ ABSL_GUARDED_BY(turn_) = 0;
  std::array<Share, kShareCount> shares_ ABSL_GUARDED_BY(turn_);  // Writes, reads.
  std::vector<Job> taken_ ABSL_GUARDED_BY(turn_);
  std::vector<Ended> ended_ ABSL_GUARDED_BY(turn_);
  std::atomic<bool> has_ended_{false};  // `ended_` is not empty.
  std::vector<std::unique_ptr<Transfer>> transfers_ ABSL_GUARDED_BY(turn_);
  std::vector<Transfer*> idle_transfers_ ABSL_GUARDED_BY(turn_);
  // The attending thread's own.
  std::vector<Ended> attended_ended_;
  std::thread thread_;
};

}  // namespace msp::http
