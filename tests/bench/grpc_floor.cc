// SPDX-License-Identifier: Apache-2.0

// The floor under the service: gRPC alone. One completion queue, one thread, a canned answer, and
// none of our code but the generated messages. What a call costs here is what gRPC costs.
//
// usage: grpc_floor ORDER.json [LEAST_MS MOST_MS]
//
// With two times it answers only after so many milliseconds, evenly spread: the floor under a
// service that waits for its upstream. The one thread keeps a heap of the times and waits for the
// next one in AsyncNext, which costs less than gRPC's own alarms.
//
// Prints {"listen":"127.0.0.1:PORT"} and ends on SIGTERM.

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <queue>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "multisafepay/v1/order_service.grpc.pb.h"

namespace {

namespace v1 = multisafepay::v1;
using Service = v1::OrderService::WithAsyncMethod_CreateOrder<v1::OrderService::Service>;

using Clock = std::chrono::system_clock;  // AsyncNext's.

v1::CreateOrderResponse canned;

class Slot;

// The answers that are not due yet; on the poller's thread alone.
struct Delay {
  long least_ms = 0;
  long most_ms = 0;
  long turn = 0;
  std::priority_queue<std::pair<Clock::time_point, Slot*>,
                      std::vector<std::pair<Clock::time_point, Slot*>>, std::greater<>>
      waiting;

  void Add(Slot* slot) {
    const long span = most_ms - least_ms + 1;
    turn = (turn + 7) % span;
    waiting.emplace(Clock::now() + std::chrono::milliseconds(least_ms + turn), slot);
  }
} delay;

class Slot {
 public:
  Slot(Service& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service_.RequestCreateOrder(&context_, &request_, &writer_, &queue_, &queue_, this);
  }
  void Proceed(bool ok) {
    if (!ok || replied_) {
      delete this;
      return;
    }
    new Slot(service_, queue_);
    if (delay.most_ms > 0) return delay.Add(this);
    Reply();
  }
  void Reply() {
    replied_ = true;
    writer_.Finish(canned, grpc::Status::OK, this);
  }

 private:
  Service& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  v1::CreateOrderRequest request_;
  grpc::ServerAsyncResponseWriter<v1::CreateOrderResponse> writer_;
  bool replied_ = false;
};

// The answer's `data`, without the envelope, is the order.
bool ReadCanned(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return false;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage(text.str(), canned.mutable_order(), options)
      .ok();
}

void Poll(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  if (delay.most_ms == 0) {
    while (queue.Next(&tag, &ok)) static_cast<Slot*>(tag)->Proceed(ok);
    return;
  }
  const Clock::time_point never = Clock::now() + std::chrono::hours(1000);
  for (;;) {
    const Clock::time_point due = delay.waiting.empty() ? never : delay.waiting.top().first;
    const auto got = queue.AsyncNext(&tag, &ok, due);
    if (got == grpc::CompletionQueue::SHUTDOWN) return;
    if (got == grpc::CompletionQueue::GOT_EVENT) static_cast<Slot*>(tag)->Proceed(ok);
    const Clock::time_point now = Clock::now();
    while (!delay.waiting.empty() && delay.waiting.top().first <= now) {
      delay.waiting.top().second->Reply();
      delay.waiting.pop();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if ((argc != 2 && argc != 4) || !ReadCanned(argv[1])) {
    std::cerr << "usage: grpc_floor ORDER.json [LEAST_MS MOST_MS]\n";
    return 2;
  }
  if (argc == 4) {
    delay.least_ms = std::atol(argv[2]);
    delay.most_ms = std::atol(argv[3]);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  new Slot(service, *queue);
  std::thread poller([&] { Poll(*queue); });
  std::cout << "{\"listen\":\"127.0.0.1:" << port << "\"}" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  queue->Shutdown();
  poller.join();
  return 0;
}
