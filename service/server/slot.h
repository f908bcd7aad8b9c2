// A slot of the completion queue: it waits for a call of one method, and is that call's once it has
// come. What streams and the calls beside psp::Api have in common; unary.h has a leaner one for
// those.
//
// Everything is served by the one queue, and its thread alone waits for gRPC's events: each further
// kind of service, by callbacks or synchronous, would bring threads that wait for the same events,
// and every event one of them finds for another is a wake-up.
//
// Steps come back on the queue's threads, where two may run at a time (rescue.h), or on one that
// has just replied to another call (unary.h). They may be started on any thread.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <cstdint>

#include "service/server/call_counts.h"
#include "service/server/tag.h"

namespace msp::server {

// The queue, and how many slots there are. Owned by Server, outlives them.
class Slots {
 public:
  // Calls are counted in `counts`, which outlives it.
  Slots(grpc::ServerCompletionQueue& queue, CallCounts& counts) : queue_(queue), counts_(counts) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  grpc::ServerCompletionQueue& queue() { return queue_; }
  // Those that wait for a call, one for each method, and those that have one. Once the server has
  // been shut down and there are none, none of them will ask the queue for anything any more.
  std::int64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  friend class Slot;
  grpc::ServerCompletionQueue& queue_;
  CallCounts& counts_;
  std::atomic<std::int64_t> count_{0};
};

// Owns itself until every step that was started has come back.
class Slot {
 public:
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 protected:
  explicit Slot(Slots& slots);
  virtual ~Slot();

  Slots& slots() { return slots_; }
  grpc::ServerContext& context() { return context_; }

  // The tags of the steps: each is handed to gRPC with one operation and comes back once.
  // `Arrival` is the first one and comes with `OnCall`, or with nothing when the server shuts down.
  Tag* Arrival();
  Tag* Reading() { return Start(read_); }
  Tag* Writing() { return Start(written_); }
  Tag* Finishing() { return Start(finished_); }

  // A call has come: arms another slot for the next one.
  virtual void OnCall() = 0;
  virtual void OnRead(bool /*ok*/) {}
  virtual void OnWritten(bool /*ok*/) {}
  // The call is over: its caller cancelled or is gone, or it has been finished. Comes once for each
  // call, beside other steps, even before `OnCall`. A call that is not finished has to be.
  virtual void OnOver() {}
  // The last step of a call that came; the slot goes.
  virtual void OnGone() {}

 private:
  class Step final : public Tag {
   public:
    Step(Slot& slot, void (Slot::*then)(bool)) : slot_(slot), then_(then) {}
    void Proceed(bool ok) override;

   private:
    Slot& slot_;
    void (Slot::*const then_)(bool);
  };

  Tag* Start(Step& step);
  void Release();
  void Arrived(bool ok);
  void Over(bool /*ok*/) { OnOver(); }
  void Finished(bool /*ok*/) {}

  Slots& slots_;
  grpc::ServerContext context_;
  Step arrived_{*this, &Slot::Arrived};
  Step over_{*this, &Slot::Over};
  Step read_{*this, &Slot::OnRead};
  Step written_{*this, &Slot::OnWritten};
  Step finished_{*this, &Slot::Finished};
  bool called_ = false;
  std::uint16_t client_port_ = 0;
  std::atomic<int> pending_{0};  // Steps that have not come back, and have not been dealt with.
};

}  // namespace msp::server
