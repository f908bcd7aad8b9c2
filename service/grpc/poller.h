// SPDX-License-Identifier: Apache-2.0

// Who polls, who drives the HTTP client's sockets, and when. Top down:
//
// 1. N equal threads, "msp-grpc-0" and so on (--threads), each with a gRPC completion queue and an
//    event loop of the HTTP client. gRPC assigns connections to the queues in turn. A call begins,
//    is sent to MultiSafepay and ends on the thread of its connection.
// 2. While calls are in progress the thread also drives its event loop: it sends requests, reads
//    answers and runs their callbacks, without waking another thread.
// 3. When neither has work, it hands the loop back and blocks in gRPC. gRPC has no public way to
//    wait for other sockets at the same time, so the loop's own thread waits for answers.
#pragma once

#include <grpcpp/completion_queue.h>

#include <thread>

#include "service/http/drivable.h"

namespace msp::server {

class Poller {
 public:
  // Polls until `queue` is shut down and drained. `loop` may be null. Both outlive this. `index` is
  // for the thread's name.
  Poller(grpc::ServerCompletionQueue& queue, http::Drivable* loop, int index);
  ~Poller() { thread_.join(); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

 private:
  std::thread thread_;
};

}  // namespace msp::server
