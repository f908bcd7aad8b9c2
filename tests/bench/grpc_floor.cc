// The floor under the service: gRPC alone. One completion queue, one thread, a canned answer, and
// none of our code but the generated messages. What a call costs here is what gRPC costs.
//
// usage: grpc_floor ANSWER.json   (prints {"listen":"127.0.0.1:PORT"}; ends on SIGTERM)

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "multisafepay/v1/order_service.grpc.pb.h"

namespace {

namespace v1 = multisafepay::v1;
using Service = v1::OrderService::WithAsyncMethod_CreateOrder<v1::OrderService::Service>;

v1::CreateOrderResponse canned;

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !ReadCanned(argv[1])) {
    std::cerr << "usage: grpc_floor ORDER.json\n";
    return 2;
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
  std::thread poller([&] {
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) static_cast<Slot*>(tag)->Proceed(ok);
  });
  std::cout << "{\"listen\":\"127.0.0.1:" << port << "\"}" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  queue->Shutdown();
  poller.join();
  return 0;
}
