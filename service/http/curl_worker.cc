#include "service/http/curl_worker.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "service/base/text.h"

namespace msp::http {
namespace {

// Turns that a caller takes for others' jobs beside its own.
constexpr int kTurnsMax = 4;
// While requests come, the worker's thread looks up this often by itself: it knows soon enough of
// timers that run for seconds, and a request that sets one need not wake it.
constexpr std::chrono::milliseconds kNap{250};
constexpr char kTooLate[] = "Deadline passed in the queue";

// Written in the turn alone, which needs no read-modify-write instruction.
void Bump(std::atomic<std::int64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// While it lives, threads that are started inherit a mask that leaves signals to the program's own
// threads. Those that a fault raises in the thread itself stay, so that a crash looks like one.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CurlWorker>> CurlWorker::Create(WorkerOptions options) {
  std::unique_ptr<CurlWorker> worker(new CurlWorker(std::move(options)));
  if (absl::Status status = worker->SetUp(); !status.ok()) return status;
  SignalsBlocked blocked;
  worker->thread_ = std::thread([&self = *worker] { self.Run(); });
  pthread_setname_np(worker->thread_.native_handle(),
                     ("msp-http-" + std::to_string(worker->options_.index)).c_str());
  return worker;
}

CurlWorker::CurlWorker(WorkerOptions options)
    : options_(std::move(options)),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      sockets_(epoll_fd_, !options_.transfer.http2),
      body_room_{options_.bodies_max_bytes},
      multi_(curl_multi_init()) {
  shares_[0].limits = options_.writes;
  shares_[1].limits = options_.reads;
}

CurlWorker::~CurlWorker() {
  Close();
  Join();
  MutexLock turn(turn_);
  if (multi_ != nullptr) CleanUp();
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

absl::Status CurlWorker::SetUp() {
  if (epoll_fd_ < 0 || wake_fd_ < 0) {
    return absl::ResourceExhaustedError("no file descriptor left for an HTTP worker");
  }
  epoll_event wake{};
  wake.events = EPOLLIN;
  wake.data.fd = wake_fd_;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &wake) != 0) {
    return absl::ResourceExhaustedError("cannot watch what wakes an HTTP worker");
  }
  MutexLock turn(turn_);
  // With libcurl's default bounds it would close and open connections in steady state.
  const long connections_max = options_.writes.in_flight_max + options_.reads.in_flight_max;
  CURLM* const multi = multi_;
  const auto set = [multi](CURLMoption option, auto value) {
    return curl_multi_setopt(multi, option, value) == CURLM_OK;
  };
  const bool ready = multi != nullptr && set(CURLMOPT_SOCKETFUNCTION, &OnSocket) &&
                     set(CURLMOPT_SOCKETDATA, this) && set(CURLMOPT_TIMERFUNCTION, &OnTimer) &&
                     set(CURLMOPT_TIMERDATA, this) && set(CURLMOPT_MAXCONNECTS, connections_max) &&
                     set(CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max) &&
                     set(CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  return ready ? absl::OkStatus() : absl::InternalError("cannot set up libcurl's multi handle");
}

CurlWorker::Offered CurlWorker::Offer(Job& job) {
  const auto index = static_cast<std::size_t>(job.request.read);
  const ShareLimits& limits = job.request.read ? options_.reads : options_.writes;
  WorkerCounters::Share& share = counters_.shares[index];
  if (share.outstanding.fetch_add(1, std::memory_order_relaxed) >=
      std::int64_t{limits.in_flight_max} + limits.queue_max) {
    share.outstanding.fetch_sub(1, std::memory_order_relaxed);
    share.refused_full.fetch_add(1, std::memory_order_relaxed);
    return Offered::kFull;
  }
  if (!inbox_.Push(job)) {
    share.outstanding.fetch_sub(1, std::memory_order_relaxed);
    return Offered::kClosed;
  }
  // Under load who attends begins what has come meanwhile in one go, or has it seen to before
  // resting; the worker watches that it comes by.
  if (attended_.load(std::memory_order_acquire) && InFlight() > 0) {
    if (!stands_aside_.load(std::memory_order_acquire)) Wake();
    return Offered::kTaken;
  }
  // Whoever has the turn looks into the inbox once more when it has ended.
  int turns = 0;
  while (inbox_.HasNews() && turn_.TryLock()) {
    SeeGoodbyes();
    Turn();
    // What has ended is told by who attends, soon, or looked for when that one rests.
    const bool waited_for =
        attended_.load(std::memory_order_relaxed) ? NextDue() < sleep_until_ : IsWaitedFor();
    turn_.Unlock();
    if (waited_for || ++turns == kTurnsMax) {
      Wake();
      break;
    }
  }
  return Offered::kTaken;
}

void CurlWorker::Close() {
  inbox_.Close();
  Wake();
}

void CurlWorker::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void CurlWorker::Join() {
  if (thread_.joinable()) thread_.join();
}

void CurlWorker::Run() {
  std::vector<Ended> ended;
  std::array<epoll_event, kEventsMax> events;
  Clock::time_point until = Clock::now();
  for (bool last = false; !last;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count =
        epoll_wait(epoll_fd_, events.data(), kEventsMax,
                   until == Clock::time_point::max()
                       ? -1
                       : static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
    if (StoodAside()) {
      // What the events were about has been seen to, or is told again.
      MutexLock turn(turn_);
      PrepareSleep();
      until = sleep_until_;
      continue;
    }
    {
      // Requests begin right after a look at the sockets, and callbacks, which take their time, run
      // before the next look: a connection that the server has just ended is seldom chosen for a
      // request.
      MutexLock turn(turn_);
      TakeEvents(events.data(), count);
      Turn();
      PrepareSleep();
      until = sleep_until_;
      ended.swap(ended_);
      has_ended_.store(false, std::memory_order_relaxed);
      last = !open_ && in_flight_ == 0;
      if (last) CleanUp();
    }
    for (Ended& one : ended) std::move(one.done)(std::move(one.response));
    ended.clear();
    if (inbox_.HasNews()) until = kAtOnce;
  }
}

// Closing connections writes to them: on the worker's thread, where signals are blocked.
void CurlWorker::CleanUp() {
  idle_transfers_.clear();
  transfers_.clear();
  curl_multi_cleanup(multi_);
  multi_ = nullptr;
}

void CurlWorker::Turn() {
  TakeJobs();
  if (!open_) RefuseWaiting();
  ExpireWaiting();
  FillSlots();
  KickTimer();
  Reap();
}

void CurlWorker::TakeJobs() {
  open_ = inbox_.Drain(taken_);
  for (Job& job : taken_) {
    Share& share = ShareOf(job);
    if (open_ && share.waiting.empty() && share.HasRoom()) {
      Launch(std::move(job));
    } else {
      share.waiting.Add(std::move(job));
    }
  }
  taken_.clear();
}

void CurlWorker::RefuseWaiting() {
  for (Share& share : shares_) {
    while (!share.waiting.empty()) {
      Refuse(share.waiting.TakeFirst(), Failure::kStopped, "Stopping");
    }
  }
}

void CurlWorker::ExpireWaiting() {
  for (Share& share : shares_) {
    if (share.waiting.empty()) continue;
    for (Job& job : share.waiting.TakeExpired(Clock::now())) {
      Refuse(std::move(job), Failure::kDeadline, kTooLate);
    }
  }
}

void CurlWorker::FillSlots() {
  for (Share& share : shares_) {
    while (!share.waiting.empty() && share.HasRoom()) Launch(share.waiting.TakeFirst());
  }
}

void CurlWorker::Launch(Job job) {
  const Clock::time_point now = Clock::now();
  if (job.request.deadline - now < std::chrono::milliseconds(1)) {
    Refuse(std::move(job), Failure::kDeadline, kTooLate);
    return;
  }
  if (idle_transfers_.empty()) {
    transfers_.push_back(std::make_unique<Transfer>(options_.transfer, sockets_, body_room_));
    idle_transfers_.push_back(transfers_.back().get());
  }
  Transfer* const transfer = idle_transfers_.back();
  idle_transfers_.pop_back();
  Share& share = ShareOf(job);
  launched_ = true;
  ++in_flight_;
  ++share.in_flight;
  counters_.shares[static_cast<std::size_t>(job.request.read)].in_flight.store(
      share.in_flight, std::memory_order_relaxed);
  if (!transfer->Begin(std::move(job), now) ||
      curl_multi_add_handle(multi_, transfer->easy()) != CURLM_OK) {
    End(transfer, CURLE_FAILED_INIT);
  }
}

void CurlWorker::Refuse(Job job, Failure failure, const char* detail) {
  Response response;
  response.failure = failure;
  response.detail = detail;
  response.timings.queue_us =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - job.queued_at).count();
  WipeString(job.request.body);
  Bump(counters_.ended[static_cast<std::size_t>(Fate::kNotSent)]);
  counters_.shares[static_cast<std::size_t>(job.request.read)].outstanding.fetch_sub(
      1, std::memory_order_relaxed);
  ToTell(std::move(job.done), std::move(response));
}

void CurlWorker::KickTimer() {
  if (timer_at_ == Clock::time_point::max() || Clock::now() < timer_at_) return;
  timer_at_ = Clock::time_point::max();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  // libcurl asks for a moment once. When it finds that moment not quite reached it stays silent,
  // and the timer would be lost with all deadlines behind it.
  if (timer_at_ == Clock::time_point::max()) {
    long timeout_ms = -1;
    curl_multi_timeout(multi_, &timeout_ms);
    OnTimer(multi_, timeout_ms, this);
  }
}

Clock::time_point CurlWorker::NextDue() {
  Clock::time_point due = timer_at_;
  for (const Share& share : shares_) {
    if (!share.waiting.empty() && share.HasRoom()) return kAtOnce;
    due = std::min(due, share.waiting.next_expiry());
  }
  return due;
}

void CurlWorker::PrepareSleep() {
  sleep_until_ = NextDue();
  if (launched_) sleep_until_ = std::min(sleep_until_, Clock::now() + kNap);
  launched_ = false;
}

bool CurlWorker::IsWaitedFor() { return !ended_.empty() || NextDue() < sleep_until_; }

void CurlWorker::TakeEvents(const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[i];
    if (event.data.fd == wake_fd_) {
      std::uint64_t times = 0;
      [[maybe_unused]] const ssize_t size = read(wake_fd_, &times, sizeof times);
      continue;
    }
    if (!sockets_.TakeEvent(event.data.fd, event.events)) continue;
    // An error is reported as both, and libcurl finds it when it reads or writes.
    constexpr std::uint32_t kEnd = EPOLLERR | EPOLLHUP;
    const int bits = ((event.events & (EPOLLIN | kEnd)) != 0 ? CURL_CSELECT_IN : 0) |
                     ((event.events & (EPOLLOUT | kEnd)) != 0 ? CURL_CSELECT_OUT : 0);
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, bits, &running);
  }
}

// Before a caller starts a request: libcurl would take a connection that has just ended, or one
// with an answer that nobody asked for, for a good one (curl_sockets.h). What comes in on
// connections that are in use is left to the worker's thread, which sees it too.
void CurlWorker::SeeGoodbyes() {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd != wake_fd_ && !sockets_.InUse(event.data.fd))
      sockets_.TakeEvent(event.data.fd, event.events);
  }
}

void CurlWorker::Reap() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* const easy = message->easy_handle;
    Transfer& transfer = Transfer::Of(easy);
    if (code == CURLE_OK) transfer.KeepConnection();
    curl_multi_remove_handle(multi_, easy);  // `message` is gone from here on.
    End(&transfer, code);
  }
}

void CurlWorker::End(Transfer* transfer, CURLcode code) {
  const auto index = static_cast<std::size_t>(transfer->is_read());
  WorkerCounters::Share& counters = counters_.shares[index];
  Response response = transfer->Finish(code);
  Done done = transfer->TakeDone();
  idle_transfers_.push_back(transfer);
  --in_flight_;
  counters.in_flight.store(--shares_[index].in_flight, std::memory_order_relaxed);
  counters.outstanding.fetch_sub(1, std::memory_order_relaxed);
  Bump(counters_.ended[static_cast<std::size_t>(response.fate)]);
  if (response.resend_stopped) Bump(counters_.resends_stopped);
  if (response.timings.reused_connection) {
    Bump(counters_.connections_reused);
  } else if (response.fate != Fate::kNotSent) {
    Bump(counters_.connections_new);
  }
  ToTell(std::move(done), std::move(response));
}

void CurlWorker::ToTell(Done done, Response response) {
  ended_.push_back({std::move(done), std::move(response)});
  has_ended_.store(true, std::memory_order_relaxed);
}

int CurlWorker::OnSocket(CURL*, curl_socket_t fd, int what, void* self,
                         void*) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  static_cast<CurlWorker*>(self)->sockets_.Want(fd, what);
  return 0;
}

int CurlWorker::OnTimer(CURLM*, long timeout_ms, void* self) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  auto& worker = *static_cast<CurlWorker*>(self);
  // libcurl rounds down to whole milliseconds: one more, or it would be asked too early each time.
  worker.timer_at_ =
      timeout_ms < 0
          ? Clock::time_point::max()
          : Clock::now() + std::chrono::milliseconds(timeout_ms > 0 ? timeout_ms + 1 : 0);
  return 0;
}

}  // namespace msp::http
