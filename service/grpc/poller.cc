// SPDX-License-Identifier: Apache-2.0

#include "service/grpc/poller.h"

#include <pthread.h>
#include <sched.h>

#include <string>

#include "service/grpc/async_call.h"
#include "service/telemetry/metrics.h"

namespace msp::server {
namespace {

// Calls that are served before the event loop is polled again.
constexpr unsigned kEventsAtOnce = 16;
// After this many consecutive events the next one is near: yield to the thread that has it ready
// and waits for a core, before handing the loop back.
constexpr unsigned kBusyEvents = 4;

class Driver {
 public:
  Driver(grpc::ServerCompletionQueue& queue, http::Drivable& loop) : queue_(queue), loop_(loop) {}

  void Run() {
    do {
      loop_.BeginDriving();
      WorkUntilIdle();
      loop_.EndDriving();
    } while (open_ && WaitForCall());
  }

 private:
  // Returns when neither the queue nor the loop has work.
  void WorkUntilIdle() {
    for (bool yielded = false; open_;) {
      if (ServeCall()) {
        yielded = false;
        if (++events_ % kEventsAtOnce == 0) loop_.Poll();
      } else if (open_ && loop_.Poll()) {
        yielded = false;
      } else if (!yielded && events_ >= kBusyEvents) {
        yielded = true;
        sched_yield();
      } else {
        return;
      }
    }
  }
  // Serves an event that is ready; false when there is none.
  bool ServeCall() {
    const auto next = queue_.AsyncNext(&tag_, &ok_, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    open_ = next != grpc::CompletionQueue::SHUTDOWN;
    if (next != grpc::CompletionQueue::GOT_EVENT) return false;
    static_cast<Tag*>(tag_)->Proceed(ok_);
    return true;
  }
  // False when the queue has been shut down. Driving begins before the call is served, so that its
  // request is sent on this thread.
  bool WaitForCall() {
    if (!queue_.Next(&tag_, &ok_)) return false;
    loop_.BeginDriving();
    static_cast<Tag*>(tag_)->Proceed(ok_);
    events_ = 1;
    return true;
  }

  grpc::ServerCompletionQueue& queue_;
  http::Drivable& loop_;
  void* tag_ = nullptr;
  bool ok_ = false;
  bool open_ = true;
  unsigned events_ = 0;  // Since the last wait.
};

void PollAlone(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Tag*>(tag)->Proceed(ok);
}

}  // namespace

Poller::Poller(grpc::ServerCompletionQueue& queue, http::Drivable* loop, int index)
    : thread_([&queue, loop, index] {
        telemetry::CountInShard(static_cast<std::size_t>(index));
        if (loop == nullptr) return PollAlone(queue);
        Driver(queue, *loop).Run();
      }) {
  pthread_setname_np(thread_.native_handle(), ("msp-grpc-" + std::to_string(index)).c_str());
}

}  // namespace msp::server
