#include "service/server/poller.h"

#include <pthread.h>
#include <sched.h>

#include "service/server/async_call.h"

namespace msp::server {
namespace {

// Calls that are served before the HTTP client is looked at again.
constexpr unsigned kEventsAtOnce = 16;
// After so many events in a row the next one is near: the thread that has it ready and waits for a
// core runs first, before the client is handed back.
constexpr unsigned kBusyEvents = 4;

class Loop {
 public:
  Loop(grpc::ServerCompletionQueue& queue, http::Attended& client)
      : queue_(queue), client_(client) {}

  void Run() {
    do {
      client_.Attend();
      WorkUntilIdle();
      client_.Rest();
    } while (open_ && WaitForCall());
  }

 private:
  // Returns when neither calls nor the client have anything to do.
  void WorkUntilIdle() {
    for (bool yielded = false; open_;) {
      if (ServeCall()) {
        yielded = false;
        if (++events_ % kEventsAtOnce == 0) client_.Work();
      } else if (open_ && client_.Work()) {
        yielded = false;
      } else if (!yielded && events_ >= kBusyEvents) {
        yielded = true;
        sched_yield();
      } else {
        return;
      }
    }
  }
  // Serves what is there already; false when there is nothing.
  bool ServeCall() {
    const auto next = queue_.AsyncNext(&tag_, &ok_, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    open_ = next != grpc::CompletionQueue::SHUTDOWN;
    if (next != grpc::CompletionQueue::GOT_EVENT) return false;
    static_cast<Tag*>(tag_)->Proceed(ok_);
    return true;
  }
  // False when the queue has been shut down. The client is attended to before the call is served:
  // its request is then begun here.
  bool WaitForCall() {
    if (!queue_.Next(&tag_, &ok_)) return false;
    client_.Attend();
    static_cast<Tag*>(tag_)->Proceed(ok_);
    events_ = 1;
    return true;
  }

  grpc::ServerCompletionQueue& queue_;
  http::Attended& client_;
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

Poller::Poller(grpc::ServerCompletionQueue& queue, http::Attended* client)
    : thread_([&queue, client] {
        if (client == nullptr) return PollAlone(queue);
        Loop(queue, *client).Run();
      }) {
  pthread_setname_np(thread_.native_handle(), "msp-grpc-0");
}

}  // namespace msp::server
