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
      body_budget_{options_.bodies_max_bytes} {
  shares_[0].limits = options_.writes;
  shares_[1].limits = options_.reads;
}

CurlWorker::~CurlWorker() {
  Close();
  Join();
  MutexLock turn(turn_);
  CleanUp();
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
  connections_.emplace(options_.connections, epoll_fd_);
  return connections_->SetUp() ? absl::OkStatus()
                               : absl::InternalError("cannot set up libcurl's multi handle");
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
      last = !open_ && in_flight_.empty();
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
  connections_.reset();
}

void CurlWorker::Turn() {
  TakeJobs();
  if (!open_) RefuseWaiting();
  ExpireWaiting();
  ExpireTransfers();
  FillSlots();
  connections_->RunTimers();
  TakeOpened();
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
    transfers_.push_back(std::make_unique<Transfer>(options_.request, body_budget_));
    idle_transfers_.push_back(transfers_.back().get());
  }
  Transfer& transfer = *idle_transfers_.back();
  idle_transfers_.pop_back();
  Share& share = ShareOf(job);
  ++share.in_flight;
  counters_.shares[static_cast<std::size_t>(job.request.read)].in_flight.store(
      share.in_flight, std::memory_order_relaxed);
  launched_ = true;
  next_deadline_ = std::min(next_deadline_, job.request.deadline);
  transfer.index = in_flight_.size();
  in_flight_.push_back(&transfer);
  transfer.Begin(std::move(job), now);
  Dispatch(transfer, /*on_new=*/false);
}

void CurlWorker::Dispatch(Transfer& transfer, bool on_new) {
  const Clock::time_point now = Clock::now();
  while (CurlConnection* const idle = on_new ? nullptr : connections_->TakeIdle(now)) {
    idle->transfer = &transfer;
    transfer.connection = idle;
    transfer.Write();
    if (!transfer.has_failed_unsent()) return Send(transfer);
    // Dead although it looked alive: it took nothing, so another one may have the request.
    Release(transfer, /*keep=*/false);
    transfer.Rewind();
  }
  if (!connections_->Open(transfer)) {
    transfer.SetFailed(CURLE_FAILED_INIT);
    End(transfer, /*keep=*/false);
  }
}

// Writes on, and reads what the upstream said where it takes no more.
void CurlWorker::Send(Transfer& transfer) {
  transfer.Write();
  if (transfer.write_failed()) {
    transfer.Read(read_buffer_.data(), read_buffer_.size());
    if (transfer.has_ended()) return End(transfer, /*keep=*/false);
  }
  connections_->WatchOutput(*transfer.connection, transfer.wants_to_write());
}

void CurlWorker::TakeOpened() {
  CURLcode code = CURLE_OK;
  while (CurlConnection* const opened = connections_->NextOpened(code)) {
    Transfer& transfer = *opened->transfer;
    if (code == CURLE_OK && !connections_->Adopt(transfer)) code = CURLE_FAILED_INIT;
    if (code == CURLE_OK) {
      Send(transfer);
    } else {
      transfer.SetFailed(code);
      End(transfer, /*keep=*/false);
    }
  }
}

void CurlWorker::OnEvent(CurlConnection& connection, std::uint32_t events) {
  const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (connection.transfer == nullptr) {
    connections_->OnIdleEvent(connection, hung_up, read_buffer_.data(), read_buffer_.size());
    return;
  }
  Transfer& transfer = *connection.transfer;
  if (hung_up || (events & EPOLLIN) != 0) {
    transfer.Read(read_buffer_.data(), read_buffer_.size());
    if (transfer.has_ended()) return End(transfer, transfer.keeps_connection() && !hung_up);
  }
  if (transfer.wants_to_write()) Send(transfer);
}

void CurlWorker::Release(Transfer& transfer, bool keep) {
  CurlConnection* const connection = std::exchange(transfer.connection, nullptr);
  if (transfer.connecting != nullptr) {
    transfer.connecting.reset();
  } else if (connection != nullptr && keep) {
    connections_->KeepIdle(*connection, Clock::now());
  } else if (connection != nullptr) {
    connections_->Close(*connection);
  }
}

void CurlWorker::End(Transfer& transfer, bool keep) {
  if (transfer.may_send_again()) {
    Release(transfer, /*keep=*/false);
    transfer.Rewind();
    return Dispatch(transfer, /*on_new=*/true);
  }
  const auto index = static_cast<std::size_t>(transfer.request().read);
  WorkerCounters::Share& counters = counters_.shares[index];
  Response response = transfer.Finish();
  Done done = transfer.TakeDone();
  Release(transfer, keep);
  in_flight_[transfer.index] = in_flight_.back();
  in_flight_[transfer.index]->index = transfer.index;
  in_flight_.pop_back();
  idle_transfers_.push_back(&transfer);
  counters.in_flight.store(--shares_[index].in_flight, std::memory_order_relaxed);
  counters.outstanding.fetch_sub(1, std::memory_order_relaxed);
  Bump(counters_.ended[static_cast<std::size_t>(response.fate)]);
  if (response.timings.reused_connection) {
    Bump(counters_.connections_reused);
  } else if (response.fate != Fate::kNotSent) {
    Bump(counters_.connections_new);
  }
  ToTell(std::move(done), std::move(response));
}

// Looks through the transfers only when a deadline has passed.
void CurlWorker::ExpireTransfers() {
  if (next_deadline_ == Clock::time_point::max()) return;
  const Clock::time_point now = Clock::now();
  if (now < next_deadline_) return;
  next_deadline_ = Clock::time_point::max();
  for (std::size_t i = in_flight_.size(); i-- > 0;) {  // Ending one moves the last to its place.
    Transfer& transfer = *in_flight_[i];
    if (transfer.request().deadline > now) {
      next_deadline_ = std::min(next_deadline_, transfer.request().deadline);
      continue;
    }
    transfer.SetDeadlinePassed();
    End(transfer, /*keep=*/false);
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

Clock::time_point CurlWorker::NextDue() {
  Clock::time_point due = std::min(connections_->next_timer(), next_deadline_);
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
  if (count < kEventsMax) connections_->OnPolled();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[i];
    if (event.data.fd == wake_fd_) {
      std::uint64_t times = 0;
      [[maybe_unused]] const ssize_t size = read(wake_fd_, &times, sizeof times);
      continue;
    }
    if (CurlConnection* const connection = connections_->Find(event.data.fd)) {
      OnEvent(*connection, event.events);
    } else {
      connections_->OnSocketEvent(event.data.fd, event.events);
    }
  }
}

// Before a caller starts a request: closes idle connections that the upstream has ended. Events on
// connections in use are left to the worker's thread, which epoll wakes too.
void CurlWorker::SeeGoodbyes() {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, 0);
  if (count < kEventsMax) connections_->OnPolled();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    CurlConnection* const connection = connections_->Find(event.data.fd);
    if (connection != nullptr && connection->transfer == nullptr)
      OnEvent(*connection, event.events);
  }
}

void CurlWorker::ToTell(Done done, Response response) {
  ended_.push_back({std::move(done), std::move(response)});
  has_ended_.store(true, std::memory_order_relaxed);
}

}  // namespace msp::http
