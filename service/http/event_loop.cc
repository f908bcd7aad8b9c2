// SPDX-License-Identifier: Apache-2.0

#include "service/http/event_loop.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "service/telemetry/metrics.h"

namespace msp::http {
namespace {

constexpr char kTooLate[] = "Deadline passed in the queue";
constexpr char kCallerGone[] = "The caller has gone";

thread_local const EventLoop* loop_of_this_thread = nullptr;

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(LoopOptions options) {
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(options)));
  if (absl::Status status = loop->SetUp(); !status.ok()) return status;
  loop->thread_ = std::thread([&self = *loop] {
    telemetry::CountInShard(static_cast<std::size_t>(self.options_.index));
    self.Run();
  });
  pthread_setname_np(loop->thread_.native_handle(),
                     ("msp-http-" + std::to_string(loop->options_.index)).c_str());
  return loop;
}

EventLoop::EventLoop(LoopOptions options)
    : options_(std::move(options)),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      body_budget_{options_.bodies_max_bytes} {
  shares_[0].limits = options_.writes;
  shares_[1].limits = options_.reads;
}

EventLoop::~EventLoop() {
  Close();
  Join();
  MutexLock lock(mutex_);
  CleanUp();
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

absl::Status EventLoop::SetUp() {
  if (epoll_fd_ < 0 || wake_fd_ < 0)
    return absl::ResourceExhaustedError("no file descriptor left for an event loop");
  epoll_event wake{.events = EPOLLIN, .data = {.fd = wake_fd_}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &wake) != 0)
    return absl::ResourceExhaustedError("cannot watch the event loop's wake-up descriptor");
  MutexLock lock(mutex_);
  connections_.emplace(options_.connections, epoll_fd_);
  return connections_->SetUp() ? absl::OkStatus()
                               : absl::InternalError("cannot set up libcurl's multi handle");
}

const EventLoop* EventLoop::OfThisThread() { return loop_of_this_thread; }

EventLoop::Submitted EventLoop::Submit(PendingRequest& pending) {
  bool wakes = false;
  {
    MutexLock lock(mutex_);
    Share& share = ShareOf(pending.request);
    if (closed_) return Submitted::kClosed;
    if (share.HasRoom() && share.waiting.empty()) {
      Launch(std::move(pending));
    } else if (std::ssize(share.waiting) < share.limits.queue_max) {
      next_deadline_ = std::min(next_deadline_, pending.request.deadline);
      share.waiting.push_back(std::move(pending));
    } else {
      ++share.refused_full;
      return Submitted::kFull;
    }
    wakes = !driven_ && IsWakeNeeded();
  }
  if (wakes) Wake();
  return Submitted::kTaken;
}

void EventLoop::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  Wake();
}

void EventLoop::Wake() const { eventfd_write(wake_fd_, 1); }

void EventLoop::Join() {
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Run() {
  loop_of_this_thread = this;
  std::vector<Ended> ended;
  std::array<epoll_event, kEventsMax> events;
  Clock::time_point until = Clock::time_point::max();
  for (bool last = false; !last;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    int count = epoll_wait(epoll_fd_, events.data(), kEventsMax,
                           until == Clock::time_point::max()
                               ? -1
                               : static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
    {
      MutexLock lock(mutex_);
      if (driven_) {
        parked_ = true;
        while (driven_) unparked_.Wait(mutex_);
        parked_ = false;
        count = 0;  // The driver has handled the events, or epoll reports them again.
      }
      TakeEvents(events.data(), count);
      RunExpired();
      until = NextDue();
      sleep_until_ = until;
      ended.swap(ended_);
      last = closed_ && in_flight_.empty();
      if (last) CleanUp();
    }
    for (Ended& one : ended) std::move(one.done)(std::move(one.response));
    ended.clear();
  }
}

void EventLoop::BeginDriving() {
  loop_of_this_thread = this;
  MutexLock lock(mutex_);
  driven_ = true;
}

bool EventLoop::Poll() {
  {
    MutexLock lock(mutex_);
    if (in_flight_.empty() && ended_.empty()) return false;
  }
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, 0);
  {
    MutexLock lock(mutex_);
    if (!connections_) return false;
    TakeEvents(events.data(), count);
    RunExpired();
    driver_ended_.swap(ended_);
  }
  const bool worked = count > 0 || !driver_ended_.empty();
  for (Ended& one : driver_ended_) std::move(one.done)(std::move(one.response));
  driver_ended_.clear();
  return worked;
}

void EventLoop::EndDriving() {
  bool parked = false;
  bool wakes = false;
  {
    MutexLock lock(mutex_);
    driven_ = false;
    parked = parked_;
    wakes = connections_ && IsWakeNeeded();
  }
  if (parked) {
    unparked_.NotifyOne();
  } else if (wakes) {
    Wake();
  }
}

void EventLoop::CleanUp() {
  idle_.clear();
  connections_.reset();
}

void EventLoop::TakeEvents(const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[i];
    if (event.data.fd == wake_fd_) {
      eventfd_t times = 0;
      eventfd_read(wake_fd_, &times);
    } else if (curl::Connection* const connection = connections_->Find(event.data.fd)) {
      OnEvent(*connection, event.events);
    } else {
      connections_->OnSocketEvent(event.data.fd, event.events);
    }
  }
}

void EventLoop::RunExpired() {
  if (!connections_) return;
  if (next_deadline_ != Clock::time_point::max()) {
    if (const Clock::time_point now = Clock::now(); now >= next_deadline_) Expire(now);
  }
  for (Share& share : shares_) {
    while (!share.waiting.empty() && (closed_ || share.HasRoom())) {
      PendingRequest pending = std::move(share.waiting.front());
      share.waiting.pop_front();
      if (closed_) {
        Refuse(std::move(pending), TransferError::kStopped, "Stopping");
      } else {
        Launch(std::move(pending));
      }
    }
  }
  connections_->RunTimers();
  TakeOpened();
}

// Scans all requests, so runs only when a deadline has passed.
void EventLoop::Expire(Clock::time_point now) {
  next_deadline_ = Clock::time_point::max();
  for (std::size_t i = in_flight_.size(); i-- > 0;) {  // Ending one moves the last into its place.
    Transfer& transfer = *in_flight_[i];
    if (transfer.request().deadline > now) {
      next_deadline_ = std::min(next_deadline_, transfer.request().deadline);
      continue;
    }
    transfer.SetDeadlinePassed();
    End(transfer, /*keep=*/false);
  }
  for (Share& share : shares_) {
    std::deque<PendingRequest> waiting;
    waiting.swap(share.waiting);
    for (PendingRequest& pending : waiting) {
      if (pending.request.deadline <= now) {
        Refuse(std::move(pending), TransferError::kDeadline, kTooLate);
      } else {
        next_deadline_ = std::min(next_deadline_, pending.request.deadline);
        share.waiting.push_back(std::move(pending));
      }
    }
  }
}

Clock::time_point EventLoop::NextDue() {
  return connections_ ? std::min(connections_->next_timer(), next_deadline_)
                      : Clock::time_point::max();
}

bool EventLoop::IsWakeNeeded() { return !ended_.empty() || NextDue() < sleep_until_; }

void EventLoop::Launch(PendingRequest pending) {
  const Clock::time_point now = Clock::now();
  if (pending.request.deadline - now < std::chrono::milliseconds(1))
    return Refuse(std::move(pending), TransferError::kDeadline, kTooLate);
  if (IsAbandoned(pending.request))
    return Refuse(std::move(pending), TransferError::kAbandoned, kCallerGone);
  if (idle_.empty()) idle_.push_back(std::make_unique<Transfer>(options_.request, body_budget_));
  Transfer& transfer = *in_flight_.emplace_back(std::move(idle_.back()));
  idle_.pop_back();
  ++ShareOf(pending.request).in_flight;
  next_deadline_ = std::min(next_deadline_, pending.request.deadline);
  transfer.index = in_flight_.size() - 1;
  transfer.Begin(std::move(pending), now);
  Dispatch(transfer, /*on_new=*/false);
}

void EventLoop::Refuse(PendingRequest pending, TransferError failure, const char* detail) {
  Response response = http::Refuse(pending, failure, detail);
  ++stats_.not_sent;
  ended_.push_back({std::move(pending.done), std::move(response)});
}

void EventLoop::Dispatch(Transfer& transfer, bool on_new) {
  const Clock::time_point now = Clock::now();
  while (curl::Connection* const idle = on_new ? nullptr : connections_->TakeIdle(now)) {
    idle->transfer = &transfer;
    transfer.connection = idle;
    transfer.Write();
    if (!transfer.has_failed_unsent()) return Send(transfer);
    // The idle connection was dead. It accepted nothing, so the request may use another one.
    Release(transfer, /*keep=*/false);
    transfer.Rewind(/*was_sent=*/false);
  }
  auto opening = connections_->Open();
  if (opening == nullptr) {
    transfer.SetFailed(CURLE_FAILED_INIT);
    return End(transfer, /*keep=*/false);
  }
  opening->transfer = &transfer;
  transfer.connection = opening.get();
  transfer.connecting = std::move(opening);
}

// Continues to write; where the upstream accepts no more, reads its answer.
void EventLoop::Send(Transfer& transfer) {
  transfer.Write();
  if (transfer.write_failed()) {
    transfer.Read(read_buffer_.data(), read_buffer_.size());
    if (transfer.has_ended()) return End(transfer, /*keep=*/false);
  }
  connections_->WatchOutput(*transfer.connection, transfer.wants_to_write());
}

void EventLoop::TakeOpened() {
  CURLcode code = CURLE_OK;
  while (curl::Connection* const opened = connections_->NextOpened(code)) {
    Transfer& transfer = *opened->transfer;
    if (code == CURLE_OK && !connections_->Adopt(transfer.connecting)) code = CURLE_FAILED_INIT;
    if (code == CURLE_OK && transfer.is_abandoned()) {
      End(transfer, /*keep=*/true);
    } else if (code == CURLE_OK) {
      Send(transfer);
    } else {
      transfer.SetFailed(code);
      End(transfer, /*keep=*/false);
    }
  }
}

void EventLoop::OnEvent(curl::Connection& connection, std::uint32_t events) {
  const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (connection.transfer == nullptr) {
    if (hung_up || connection.HasInput()) connections_->Close(connection);
    return;
  }
  Transfer& transfer = *connection.transfer;
  if (hung_up || (events & EPOLLIN) != 0) {
    transfer.Read(read_buffer_.data(), read_buffer_.size());
    if (transfer.has_ended()) return End(transfer, transfer.keeps_connection() && !hung_up);
  }
  if (transfer.wants_to_write()) Send(transfer);
}

void EventLoop::Release(Transfer& transfer, bool keep) {
  curl::Connection* const connection = std::exchange(transfer.connection, nullptr);
  if (transfer.connecting != nullptr) {
    transfer.connecting.reset();
  } else if (connection != nullptr && keep) {
    connections_->KeepIdle(*connection, Clock::now());
  } else if (connection != nullptr) {
    connections_->Close(*connection);
  }
}

void EventLoop::End(Transfer& transfer, bool keep) {
  if (transfer.may_send_again()) {
    Release(transfer, /*keep=*/false);
    transfer.Rewind(/*was_sent=*/true);
    return Dispatch(transfer, /*on_new=*/true);
  }
  --ShareOf(transfer.request()).in_flight;
  Response response = transfer.Finish();
  ended_.push_back({transfer.TakeDone(), {}});
  Release(transfer, keep);
  in_flight_.back()->index = transfer.index;
  in_flight_[transfer.index].swap(in_flight_.back());
  idle_.push_back(std::move(in_flight_.back()));
  in_flight_.pop_back();
  const bool not_sent = response.outcome == CallOutcome::kNotSent;
  const bool answered = response.outcome == CallOutcome::kConfirmed;
  ++(not_sent ? stats_.not_sent : answered ? stats_.answered : stats_.unknown);
  if (response.timings.reused_connection) {
    ++stats_.connections_reused;
  } else if (!not_sent) {
    ++stats_.connections_new;
  }
  ended_.back().response = std::move(response);
}

void EventLoop::AddTo(PoolStats& stats) {
  MutexLock lock(mutex_);
  PoolStats::Share* const to[] = {&stats.writes, &stats.reads};
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    to[i]->in_flight += shares_[i].in_flight;
    to[i]->queued += std::ssize(shares_[i].waiting);
    to[i]->refused_full += shares_[i].refused_full;
  }
  stats.not_sent += stats_.not_sent;
  stats.unknown += stats_.unknown;
  stats.answered += stats_.answered;
  stats.connections_new += stats_.connections_new;
  stats.connections_reused += stats_.connections_reused;
}

}  // namespace msp::http
