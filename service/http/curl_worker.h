// One thread that drives one libcurl multi handle.
//
// Owned by the pool. Any thread offers jobs and reads the counters; everything else (easy handles,
// connections, sockets, timers, waiting jobs) belongs to the worker's own thread, which also runs
// the callbacks of the jobs that it took.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
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
  int index = 0;  // For the thread's name.
};

// Written by the worker's thread (`outstanding` and `refused_full` by callers too), read by anyone.
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
  void Close() { inbox_.Close(); }
  // Waits until every job has ended. Not from a callback.
  void Join();

  const WorkerCounters& counters() const { return counters_; }

 private:
  static constexpr int kShareCount = 2;
  // The requests of one kind.
  struct Share {
    ShareLimits limits;
    int in_flight = 0;
    WaitingLine waiting;
    bool HasRoom() const { return in_flight < limits.in_flight_max; }
  };

  explicit CurlWorker(WorkerOptions options);
  absl::Status SetUp();
  void Run();

  // The steps of the loop.
  void Wait();
  void TakeJobs();
  void RefuseWaiting();
  void ExpireWaiting();
  void FillSlots();
  void KickTimer();
  void Reap();

  Share& ShareOf(const Job& job) { return shares_[static_cast<std::size_t>(job.request.read)]; }
  void Launch(Job job);
  void Refuse(Job job, Failure failure, const char* detail);
  void End(Transfer* transfer, CURLcode code);
  int WaitTimeoutMs();

  // Callbacks of libcurl; `self` is the worker.
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  const WorkerOptions options_;
  WorkerCounters counters_;
  Inbox inbox_;
  int epoll_fd_ = -1;
  SocketTable sockets_;
  CURLM* multi_ = nullptr;
  Clock::time_point timer_at_ = Clock::time_point::max();
  bool open_ = true;
  int in_flight_ = 0;
  std::array<Share, kShareCount> shares_;  // Writes, reads.
  std::vector<Job> taken_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> idle_transfers_;
  std::thread thread_;
};

}  // namespace msp::http
