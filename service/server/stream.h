// The two shapes of a slot's call: one reply, and a stream that tells what is there to be told, one
// message at a time.
#pragma once

#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/base/mutex.h"
#include "service/server/slot.h"

namespace msp::server {

template <class Request, class Response>
class ReplySlot : public Slot {
 protected:
  using Slot::Slot;

  template <class Service, class Arm>
  void Wait(Service& service, Arm arm) {
    grpc::ServerCompletionQueue& queue = slots().queue();
    (service.*arm)(&context(), &request_, &writer_, &queue, &queue, Arrival());
  }
  // Once, on any thread; the slot may be gone when it returns.
  void Reply(const grpc::Status& status) {
    if (status.ok()) {
      writer_.Finish(response_, status, Finishing());
    } else {
      writer_.FinishWithError(status, Finishing());
    }
  }

  Request request_;
  Response response_;

 private:
  grpc::ServerAsyncResponseWriter<Response> writer_{&context()};
};

// Messages are made when the one before has been written: a slow reader costs no memory and is told
// the latest.
template <class Request, class Response>
class StreamSlot : public Slot {
 protected:
  using Slot::Slot;

  template <class Service, class Arm>
  void Wait(Service& service, Arm arm) {
    grpc::ServerCompletionQueue& queue = slots().queue();
    (service.*arm)(&context(), &request_, &writer_, &queue, &queue, Arrival());
  }

  // Makes the next message; false when there is nothing to tell.
  virtual bool Next(Response& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;

  // Writes the next message, unless one is on its way.
  void Go() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (!over_) {
      Response message;  // Only its bytes live on.
      if (Next(message)) {
        writing_ = true;
        writer_.Write(message, Writing());
        return;
      }
    }
    if (!ending_) return;
    finished_ = true;
    writer_.Finish(*ending_, Finishing());
  }
  // Ends when what is there to be told has been written. The first end counts.
  void EndWith(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ending_) ending_ = std::move(status);
    Go();
  }
  // Nothing is on its way, and more may follow.
  bool idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_ && !ending_; }
  // What the stream ended with; in `OnGone`.
  grpc::StatusCode code() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ending_ ? ending_->error_code() : grpc::StatusCode::UNKNOWN;
  }

  void OnWritten(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) return EndAsOver();
    Go();
  }
  void OnOver() override {
    MutexLock lock(mutex_);
    EndAsOver();
  }

  Request request_;
  Mutex mutex_;

 private:
  void EndAsOver() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    over_ = true;
    EndWith({grpc::StatusCode::CANCELLED, "the caller has gone"});
  }

  grpc::ServerAsyncWriter<Response> writer_{&context()};
  std::optional<grpc::Status> ending_ ABSL_GUARDED_BY(mutex_);
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace msp::server
