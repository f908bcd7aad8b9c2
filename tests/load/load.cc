// SPDX-License-Identifier: Apache-2.0

#include "tests/load/load.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "client/cpp/error.h"
#include "multisafepay/v1/order_service.pb.h"
#include "tests/testing/requests.h"

namespace msp::load {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::size_t kDigits = 10;
constexpr std::chrono::milliseconds kPatience{120'000};  // For the last calls to end.

// "UNAVAILABLE NOT_SENT, outcome NOT_SENT, RetryInfo"; a status that the service never made says
// so.
std::string KindOf(const grpc::Status& status, Rpc rpc) {
  if (status.ok()) return kOk;
  const client::Error error = client::ReadError(status, rpc == Rpc::kCreateOrder);
  std::string kind(client::NameOf(error.code));
  if (!error.from_service) return kind + " by gRPC itself: " + status.error_message();
  kind += " " + error.reason;
  if (rpc == Rpc::kCreateOrder) kind += ", outcome " + std::string(client::NameOf(error.outcome));
  if (error.retry_after_ms) kind += ", RetryInfo";
  return kind;
}

}  // namespace

Load::Load(LoadOptions options) : options_(std::move(options)) {
  if (options_.rpc == Rpc::kCreateOrder) {
    method_ = "/multisafepay.v1.OrderService/CreateOrder";
    const std::string id = options_.order_id + std::string(kDigits, '0');
    request_ = testing::CardOrder(id).SerializeAsString();
    digits_at_ = request_.find(id) + options_.order_id.size();
  } else {
    method_ = "/multisafepay.v1.OrderService/GetOrder";
    v1::GetOrderRequest request;
    request.set_order_id(options_.order_id);
    request_ = request.SerializeAsString();
  }
  for (int i = 0; i < options_.channels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt("msp-storm.channel", i);
    arguments.SetLoadBalancingPolicyName("round_robin");
    stubs_.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(options_.target, grpc::InsecureChannelCredentials(), arguments)));
  }
}

Load::~Load() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

grpc::ByteBuffer Load::NextRequest() {
  ++number_;
  if (digits_at_ > 0) {
    std::string digits = std::to_string(number_);
    digits.insert(0, kDigits - digits.size(), '0');
    request_.replace(digits_at_, kDigits, digits);
  }
  const grpc::Slice slice(request_);
  return {&slice, 1};
}

void Load::Begin(Clock::time_point due) {
  if (idle_.empty()) idle_.push_back(std::make_unique<Call>());
  Call* call = idle_.back().release();
  idle_.pop_back();
  ++active_;
  call->context = std::make_unique<grpc::ClientContext>();
  call->context->set_deadline(std::chrono::system_clock::now() + options_.deadline);
  call->reply.Clear();
  call->status = grpc::Status();
  call->due = due;
  call->sent = Clock::now();
  grpc::GenericStub& stub = *stubs_[static_cast<std::size_t>(number_) % stubs_.size()];
  call->reader = stub.PrepareUnaryCall(call->context.get(), method_, NextRequest(), &queue_);
  call->reader->StartCall();
  call->reader->Finish(&call->reply, &call->status, call);
}

void Load::End(Call* call, Journal& journal) {
  --active_;
  journal.Add({.due = call->due, .sent = call->sent, .end = Clock::now()},
              KindOf(call->status, options_.rpc));
  idle_.emplace_back(call);
}

Journal Load::Run(const LoadProfile& profile) {
  Journal journal;
  const Clock::time_point start = Clock::now();
  const Clock::time_point stop = start + profile.length;
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(profile.per_s > 0 ? 1 / profile.per_s : 0));
  long begun = 0;
  while (true) {
    Clock::time_point now = Clock::now();
    Clock::time_point next = stop + kPatience;
    while (now < stop && begun < profile.calls_max) {
      const Clock::time_point due = profile.per_s > 0 ? start + begun * interval : now;
      if (profile.per_s > 0 && due > now) {
        next = std::min(due, stop);
        break;
      }
      if (profile.per_s <= 0 && active_ >= profile.in_flight_max) break;
      Begin(due);
      ++begun;
      now = Clock::now();
    }
    const bool over = now >= stop || begun >= profile.calls_max;
    if (over && active_ == 0) return journal;
    void* tag = nullptr;
    bool ok = false;
    const auto wait = std::chrono::system_clock::now() +
                      std::chrono::duration_cast<std::chrono::microseconds>(next - now);
    const auto got = queue_.AsyncNext(&tag, &ok, wait);
    if (got == grpc::CompletionQueue::GOT_EVENT) {
      End(static_cast<Call*>(tag), journal);
    } else if (over) {
      std::fputs("msp-storm: calls did not end\n", stderr);
      std::abort();
    }
  }
}

}  // namespace msp::load
