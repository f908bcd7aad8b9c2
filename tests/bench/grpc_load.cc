// SPDX-License-Identifier: Apache-2.0

// Load for the service and for the gRPC floor: CreateOrder calls with distinct order ids, C
// connections with S calls in flight on each. h2load sends one payload only, and equal calls in
// flight join one another here.
//
// usage: grpc_load HOST:PORT ORDER.json CALLS CONNECTIONS STREAMS [ID_PREFIX]
// prints {"calls":N,"failed":N,"calls_per_s":X,"p50_us":X,"p99_us":X,"first_error":"..."}

#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "multisafepay/v1/order_service.pb.h"

namespace {

namespace v1 = multisafepay::v1;
using Clock = std::chrono::steady_clock;
constexpr const char* kMethod = "/multisafepay.v1.OrderService/CreateOrder";
constexpr std::size_t kDigits = 10;

// The serialized order with the place of its id's digits, so that a call costs the client little.
struct Template {
  std::string bytes;
  std::size_t digits_at = 0;

  grpc::ByteBuffer With(long number) {
    std::string digits = std::to_string(number);
    digits.insert(0, kDigits - digits.size(), '0');
    bytes.replace(digits_at, kDigits, digits);
    const grpc::Slice slice(bytes);
    return {&slice, 1};
  }
};

bool ReadTemplate(const char* path, const std::string& prefix, Template* out) {
  std::ifstream in(path);
  std::ostringstream text;
  v1::CreateOrderRequest request;
  if (!in || !(text << in.rdbuf())) return false;
  if (!google::protobuf::util::JsonStringToMessage(text.str(), &request).ok()) return false;
  request.set_order_id(prefix + std::string(kDigits, '0'));
  out->bytes = request.SerializeAsString();
  out->digits_at = out->bytes.find(request.order_id()) + prefix.size();
  return true;
}

struct Call {
  grpc::GenericStub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer reply;
  grpc::Status status;
  Clock::time_point start;
};

class Load {
 public:
  Load(Template order, long calls) : order_(std::move(order)), left_(calls) {
    times_us_.reserve(static_cast<std::size_t>(calls));
  }

  void Run(const std::string& address, int connections, int streams) {
    std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
    std::vector<std::unique_ptr<Call>> calls;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    for (int c = 0; c < connections; ++c) {
      auto channel =
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
      // The time of a connection is not a call's.
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
      stubs.push_back(std::make_unique<grpc::GenericStub>(std::move(channel)));
      for (int s = 0; s < streams; ++s) {
        calls.push_back(std::make_unique<Call>());
        calls.back()->stub = stubs.back().get();
      }
    }
    begun_ = Clock::now();
    for (const auto& call : calls) Begin(*call);
    void* tag = nullptr;
    bool ok = false;
    while (active_ > 0 && queue_.Next(&tag, &ok)) End(*static_cast<Call*>(tag));
    queue_.Shutdown();
  }

  void Print() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    std::sort(times_us_.begin(), times_us_.end());
    const auto at = [&](double share) {
      return times_us_.empty() ? 0
                               : times_us_[static_cast<std::size_t>(
                                     share * static_cast<double>(times_us_.size() - 1))];
    };
    std::printf(
        R"({"calls":%zu,"failed":%ld,"calls_per_s":%.1f,"p50_us":%.1f,"p99_us":%.1f,"first_error":"%s"})"
        "\n",
        times_us_.size(), failed_, static_cast<double>(times_us_.size()) / seconds, at(0.5),
        at(0.99), first_error_.c_str());
  }
  long failed() const { return failed_; }

 private:
  void Begin(Call& call) {
    if (left_ == 0) return;
    --left_;
    ++active_;
    call.context = std::make_unique<grpc::ClientContext>();
    call.context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    call.reply.Clear();
    call.start = Clock::now();
    call.reader =
        call.stub->PrepareUnaryCall(call.context.get(), kMethod, order_.With(++number_), &queue_);
    call.reader->StartCall();
    call.reader->Finish(&call.reply, &call.status, &call);
  }

  void End(Call& call) {
    --active_;
    times_us_.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - call.start).count());
    if (!call.status.ok()) {
      if (failed_++ == 0) first_error_ = std::to_string(call.status.error_code());
    }
    Begin(call);
  }

  Template order_;
  long left_;
  long number_ = 0;
  long active_ = 0;
  long failed_ = 0;
  Clock::time_point begun_;
  std::string first_error_;
  grpc::CompletionQueue queue_;
  std::vector<double> times_us_;
};

}  // namespace

int main(int argc, char** argv) {
  Template order;
  if (argc < 6 || !ReadTemplate(argv[2], argc > 6 ? argv[6] : "load-", &order)) {
    std::cerr << "usage: grpc_load HOST:PORT ORDER.json CALLS CONNECTIONS STREAMS [ID_PREFIX]\n";
    return 2;
  }
  Load load(std::move(order), std::atol(argv[3]));
  load.Run(argv[1], std::atoi(argv[4]), std::atoi(argv[5]));
  load.Print();
  return load.failed() == 0 ? 0 : 1;
}
