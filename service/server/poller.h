// Who polls, who drives the HTTP client's sockets, and when. Top down:
//
// 1. One thread, "msp-grpc-0", polls gRPC's completion queue and runs the steps of all calls.
// 2. While calls are in progress it also drives the HTTP client (http::Attended): it starts
//    requests, reads answers and runs their callbacks, so that a call begins and ends on one thread
//    and wakes no other. The client's own thread is parked meanwhile.
// 3. When neither has anything to do, it hands the client back and blocks in gRPC: now the client's
//    own thread waits for answers, and this one for calls.
// 4. When it does not return to the client for 5 ms (gRPC reads a busy connection for as long as
//    it has bytes), the client's own thread takes over by itself (http/curl_attended.cc).
#pragma once

#include <grpcpp/completion_queue.h>

#include <thread>

#include "service/http/attended.h"

namespace msp::server {

class Poller {
 public:
  // Polls until `queue` is shut down and drained. `client` may be null. Both outlive it.
  Poller(grpc::ServerCompletionQueue& queue, http::Attended* client);
  ~Poller() { thread_.join(); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

 private:
  std::thread thread_;
};

}  // namespace msp::server
