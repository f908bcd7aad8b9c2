// Async unary calls: one slot of a method waits for a call, hands it to psp::Api, sends the reply
// and goes.
//
// Runs on the threads of the completion queue; `Finish` is called on whichever thread ends the
// call. A slot re-arms its method the moment a call arrives, so that the number of slots never
// bounds the calls in flight.
#pragma once

#include <google/protobuf/arena.h>
#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include <memory>

#include "service/server/calls.h"
#include "service/server/tag.h"

namespace msp::server {

// Runs `finish`, which ends an operation of `queue`, and takes its completion on this thread where
// it comes at once, as it does unless the socket is full or the connection is being read at this
// moment: the queue's own thread need not be woken for it. What finish belonged to may be gone
// afterwards. (gRPC's DoThenAsyncNext without its look into the queue.)
template <class Finish>
void FinishHere(grpc::ServerCompletionQueue& queue, Finish finish) {
  grpc_completion_queue_thread_local_cache_init(queue.cq());
  finish();
  void* tag = nullptr;
  int ok = 0;
  if (grpc_completion_queue_thread_local_cache_flush(queue.cq(), &tag, &ok) == 0) return;
  bool fine = ok != 0;
  if (static_cast<grpc::internal::CompletionQueueTag*>(tag)->FinalizeResult(&tag, &fine))
    static_cast<Tag*>(tag)->Proceed(fine);
}

template <class Service, class Request, class Response>
class Unary final : public Tag {
 public:
  using Arm = void (Service::*)(grpc::ServerContext*, Request*,
                                grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                grpc::ServerCompletionQueue*, void*);

  // Waits for the next call of the method; owns itself until it has ended.
  static void Wait(Service& service, Arm arm, grpc::ServerCompletionQueue& queue,
                   const psp::Operation& operation, Calls& calls) {
    auto* slot = new Unary(service, arm, queue, operation, calls);
    (service.*arm)(&slot->context_, slot->request_, &slot->writer_, &queue, &queue, slot);
  }

  void Proceed(bool ok) override {
    if (replied_) {
      if (!ok) calls_.CallerGone(call_);
      calls_.Forget(call_);
      calls_.Gone(call_);
      delete this;
    } else if (!ok) {
      delete this;  // The server shuts down: no call arrived.
    } else {
      Wait(service_, arm_, queue_, *call_.operation, calls_);
      call_.request = request_;
      call_.response = response_;
      calls_.Run(context_, call_, [this] { Reply(); });
    }
  }

 private:
  Unary(Service& service, Arm arm, grpc::ServerCompletionQueue& queue,
        const psp::Operation& operation, Calls& calls)
      : service_(service), arm_(arm), queue_(queue), calls_(calls), writer_(&context_) {
    call_.operation = &operation;
  }

  // An order with its answer fits into the first one.
  static google::protobuf::ArenaOptions Piece() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 8192;
    return options;
  }

  void Reply() {
    replied_ = true;
    calls_.End(context_, call_, [this](const grpc::Status& status) {
      FinishHere(queue_, [&] {
        if (status.ok()) {
          writer_.Finish(*response_, status, this);
        } else {
          writer_.FinishWithError(status, this);
        }
      });
    });
  }

  Service& service_;
  const Arm arm_;
  grpc::ServerCompletionQueue& queue_;
  Calls& calls_;
  grpc::ServerContext context_;
  // Both messages and all that they hold, but for long texts: one piece of memory instead of many.
  google::protobuf::Arena arena_{Piece()};
  Request* const request_ = google::protobuf::Arena::CreateMessage<Request>(&arena_);
  Response* const response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
  grpc::ServerAsyncResponseWriter<Response> writer_;
  psp::Call call_;
  bool replied_ = false;
};

}  // namespace msp::server
