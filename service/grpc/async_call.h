// SPDX-License-Identifier: Apache-2.0

// The server's asynchronous calls. A call object waits for its method in a completion queue, serves
// the call that arrives, and deletes itself after its last step.
//
// All steps run on the thread that polls the queue (poller.h); any thread may start them. Callback
// or synchronous services would bring gRPC threads that poll the same connections, and each event
// that one thread finds for another costs a wake-up.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"

namespace msp::server {

class AsyncCall;

// The tag that the completion queue returns: runs the next step of a call. Not `ok`: the operation
// did not happen.
struct Tag {
  AsyncCall& call;
  void (AsyncCall::*const step)(bool ok);

  void Proceed(bool ok);
};

// The completion queue and the number of calls that wait or run in it. Owned by Server, outlives
// them.
class CallQueue {
 public:
  explicit CallQueue(grpc::ServerCompletionQueue& queue) : queue_(queue) {}

  grpc::ServerCompletionQueue& queue() { return queue_; }
  // Once the server is shut down and this is 0, no call uses the queue any more.
  std::int64_t calls() const { return calls_.load(std::memory_order_acquire); }

 private:
  friend class AsyncCall;
  grpc::ServerCompletionQueue& queue_;
  std::atomic<std::int64_t> calls_{0};
};

// One call of one method. Deletes itself once every started step has run.
class AsyncCall {
 public:
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

 protected:
  explicit AsyncCall(CallQueue& queue) : queue_(queue) {
    queue_.calls_.fetch_add(1, std::memory_order_relaxed);
  }
  virtual ~AsyncCall() { queue_.calls_.fetch_sub(1, std::memory_order_release); }

  CallQueue& queue() { return queue_; }
  grpc::ServerContext& context() { return context_; }

  // The tag of one gRPC operation, which returns it once. At most one read and one write at a time.
  Tag* ArrivalTag() { return Start(arrived_); }
  Tag* ReadTag() { return Start(read_); }
  Tag* WriteTag() { return Start(written_); }
  Tag* FinishTag() { return Start(finished_); }

  // Call at least one of these two before the method is requested: their steps run for each call
  // that arrives, and keep the call alive until then. The first enables OnDone.
  void NotifyWhenDone() {
    ++reserved_;
    context_.AsyncNotifyWhenDone(Start(done_));
  }
  Tag* ReserveFinishTag() {
    ++reserved_;
    return Start(finished_);
  }

  // The call has arrived. Arms another object for the next call.
  virtual void OnArrival() = 0;
  virtual void OnRead(bool /*ok*/) {}
  virtual void OnWritten(bool /*ok*/) {}
  // Not `ok`: the reply was not delivered.
  virtual void OnFinished(bool /*ok*/) {}
  // Cancelled, or finished; once, even before OnArrival.
  virtual void OnDone() {}
  // The last step of a call that arrived; it is deleted next.
  virtual void OnEnd() {}

 private:
  friend struct Tag;
  Tag* Start(Tag& tag) {
    pending_.fetch_add(1, std::memory_order_relaxed);
    return &tag;
  }
  void Arrived(bool ok) {
    has_arrived_ = ok;
    if (ok) return OnArrival();
    // The server shuts down: the reserved steps never run.
    pending_.fetch_sub(reserved_, std::memory_order_relaxed);
  }
  void Done(bool /*ok*/) { OnDone(); }

  CallQueue& queue_;
  grpc::ServerContext context_;
  Tag arrived_{*this, &AsyncCall::Arrived};
  Tag done_{*this, &AsyncCall::Done};
  Tag read_{*this, &AsyncCall::OnRead};
  Tag written_{*this, &AsyncCall::OnWritten};
  Tag finished_{*this, &AsyncCall::OnFinished};
  int reserved_ = 0;
  bool has_arrived_ = false;
  std::atomic<int> pending_{0};  // Steps that were started and have not finished.
};

inline void Tag::Proceed(bool ok) {
  AsyncCall& owner = call;
  (owner.*step)(ok);
  if (owner.pending_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  if (owner.has_arrived_) owner.OnEnd();
  delete &owner;
}

// One request, one reply.
template <class Request, class Response>
class UnaryCall : public AsyncCall {
 protected:
  using AsyncCall::AsyncCall;

  template <class Service, class Method>
  void Wait(Service& service, Method method) {
    grpc::ServerCompletionQueue& cq = queue().queue();
    finish_tag_ = ReserveFinishTag();
    (service.*method)(&context(), &request_, &writer_, &cq, &cq, ArrivalTag());
  }
  // Once for each call that arrived, on any thread; the call may be deleted when it returns.
  void Reply(const grpc::Status& status) {
    if (status.ok()) {
      writer_.Finish(response_, status, finish_tag_);
    } else {
      writer_.FinishWithError(status, finish_tag_);
    }
  }

 private:
  // One block instead of many for both messages and their content, except long texts. Fits an order
  // with its answer.
  static google::protobuf::ArenaOptions OneBlock() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 8192;
    return options;
  }
  google::protobuf::Arena arena_{OneBlock()};

 protected:
  Request& request_ = *google::protobuf::Arena::CreateMessage<Request>(&arena_);
  Response& response_ = *google::protobuf::Arena::CreateMessage<Response>(&arena_);

 private:
  grpc::ServerAsyncResponseWriter<Response> writer_{&context()};
  Tag* finish_tag_ = nullptr;
};

// One request, a stream of messages. A message is made when the previous one is written: a slow
// reader costs no memory and gets the latest state.
template <class Request, class Response>
class StreamCall : public AsyncCall {
 protected:
  using AsyncCall::AsyncCall;

  template <class Service, class Method>
  void Wait(Service& service, Method method) {
    grpc::ServerCompletionQueue& cq = queue().queue();
    NotifyWhenDone();
    (service.*method)(&context(), &request_, &writer_, &cq, &cq, ArrivalTag());
  }

  // Makes the next message; false when there is none.
  virtual bool Next(Response& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;

  // Writes the next message, unless one is being written.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (Response message; !done_ && Next(message)) {  // Serialized before Write returns.
      writing_ = true;
      return writer_.Write(message, WriteTag());
    }
    if (!status_) return;
    finished_ = true;
    writer_.Finish(*status_, FinishTag());
  }
  // Ends the stream after the pending messages. The first status counts.
  void Finish(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!status_) status_ = std::move(status);
    WriteNext();
  }
  // True when nothing is being written and more may follow.
  bool idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_ && !status_; }
  // In OnEnd: how the stream ended.
  grpc::StatusCode code() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return status_ ? status_->error_code() : grpc::StatusCode::UNKNOWN;
  }

  void OnWritten(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) return FinishAsCancelled();
    WriteNext();
  }
  void OnDone() override {
    MutexLock lock(mutex_);
    FinishAsCancelled();
  }

  Request request_;
  Mutex mutex_;

 private:
  void FinishAsCancelled() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    done_ = true;
    Finish({grpc::StatusCode::CANCELLED, "the caller has gone"});
  }

  grpc::ServerAsyncWriter<Response> writer_{&context()};
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::server
