// SPDX-License-Identifier: Apache-2.0

// What ./run bench-guard counts instructions of, under callgrind: N rounds of one step of the
// codec, or N whole CreateOrders, one at a time, through the service's own components (`payments`
// and the HTTP pool) against an upstream in another process. The guard runs it with N and with 2N:
// the difference is N rounds without what starting and stopping cost.
//
// usage: guard encode|decode|check|redact ROUNDS [BURN]
//        guard order ROUNDS URL ORDER.json [BURN]
//
// BURN adds about so many instructions to each round, for the guard's test of itself.
#include <google/protobuf/util/json_util.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "service/codec/check.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "service/http/curl_pool.h"
#include "service/payments/api.h"
#include "service/payments/operation.h"
#include "service/payments/sites.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/trace.h"
#include "tests/bench/codec_case.h"

namespace msp {
namespace {

namespace v1 = multisafepay::v1;
using http::Clock;

// Before each poll of the sockets: a poll that finds nothing costs instructions, too.
constexpr std::chrono::microseconds kUpstreamTakes{3'000};

// Two instructions a turn.
void Burn(long instructions) {
  for (long left = instructions / 2; left > 0; --left) asm volatile("" ::: "memory");
}

// Keeps the compiler from removing what nothing reads.
void Use(const void* value) { asm volatile("" ::"r"(value) : "memory"); }

// A step of the codec, by name; empty for an unknown one.
std::function<void()> CodecStep(std::string_view name) {
  using namespace codec::measured;  // NOLINT(google-build-using-namespace)
  const auto request = std::make_shared<const v1::CreateOrderRequest>(Request());
  if (name == "encode") {
    return [request, out = std::string()]() mutable {
      out.clear();
      codec::EncodeBody(RequestSchema(), *request, out);
      Use(out.data());
    };
  }
  if (name == "decode") {
    return [document = std::string()]() mutable {
      document.assign(kAnswer);
      v1::CreateOrderResponse response;
      ReadAnswer(document, response);
      Use(&response);
    };
  }
  if (name == "check") {
    return [request] {
      if (!codec::Check(RequestSchema(), *request).empty()) std::abort();
    };
  }
  if (name == "redact") {
    return [request] {
      const std::string text = codec::Redacted(RequestSchema(), *request);
      Use(text.data());
    };
  }
  return {};
}

// The service without gRPC, as main.cc wires it. This thread drives the event loop, as the one that
// polls for calls does under load: with two threads that wake each other the count would differ
// from run to run.
class Service {
 public:
  explicit Service(const std::string& url, v1::CreateOrderRequest order)
      : order_(std::move(order)),
        sites_(std::vector<payments::SiteSetting>{{.name = "guard", .api_key = "guard-key-0001"}}) {
    auto pool = http::CurlPool::Create({.base_url = url});
    if (!pool.ok()) Fail(std::string(pool.status().message()));
    pool_ = *std::move(pool);
    loop().BeginDriving();
    api_ = std::make_unique<payments::Api>(payments::ApiOptions{}, operations_, *pool_, metrics_);
  }
  ~Service() {
    loop().EndDriving();
    pool_->Stop();
  }

  void CreateOrder() {
    auto admitted = sites_.Admit({}, Clock::now());
    auto* taken = std::get_if<payments::Sites::Admitted>(&admitted);
    if (taken == nullptr) Fail("the site is refused");
    v1::CreateOrderRequest request = order_;
    char id[32];
    std::snprintf(id, sizeof id, "guard-%08ld", ++number_);
    request.set_order_id(id);
    v1::CreateOrderResponse response;
    payments::Call call;
    call.operation = &operation_;
    call.request = &request;
    call.response = &response;
    call.site = std::move(taken->site);
    call.permit = std::move(taken->permit);
    call.start = Clock::now();
    call.deadline = call.start + std::chrono::seconds(60);
    call.trace = telemetry::Accept({}, {});
    std::atomic<bool> ended = false;
    api_->Start(call, [&ended] { ended = true; });
    while (!ended) {
      std::this_thread::sleep_for(kUpstreamTakes);
      loop().Poll();
    }
    if (call.failure || call.attempts != 1)
      Fail(call.failure ? call.failure->reason : "sent twice");
  }

 private:
  http::Drivable& loop() { return *pool_->loops().front(); }
  [[noreturn]] static void Fail(std::string_view why) {
    std::cerr << "guard: " << why << "\n";
    std::exit(1);
  }

  const v1::CreateOrderRequest order_;
  const payments::Operations operations_;
  const payments::Operation& operation_ = operations_.Find("CreateOrder");
  payments::Sites sites_;
  telemetry::Metrics metrics_;
  std::unique_ptr<http::CurlPool> pool_;
  std::unique_ptr<payments::Api> api_;
  long number_ = 0;
};

std::function<void()> OrderStep(const char* url, const char* order_file) {
  std::ifstream in(order_file);
  std::ostringstream text;
  v1::CreateOrderRequest order;
  if (!in || !(text << in.rdbuf()) ||
      !google::protobuf::util::JsonStringToMessage(text.str(), &order).ok()) {
    return {};
  }
  auto service = std::make_shared<Service>(url, std::move(order));
  return [service] { service->CreateOrder(); };
}

int Main(const std::vector<std::string>& arguments) {
  const bool whole = arguments.size() > 3 && arguments[0] == "order";
  const std::size_t burn_at = whole ? 4 : 2;
  std::function<void()> step;
  if (whole) {
    step = OrderStep(arguments[2].c_str(), arguments[3].c_str());
  } else if (arguments.size() > 1) {
    step = CodecStep(arguments[0]);
  }
  if (!step) {
    std::cerr << "usage: guard encode|decode|check|redact ROUNDS [BURN]\n"
                 "       guard order ROUNDS URL ORDER.json [BURN]\n";
    return 2;
  }
  const long burn = arguments.size() > burn_at ? std::atol(arguments[burn_at].c_str()) : 0;
  for (long left = std::atol(arguments[1].c_str()); left > 0; --left) {
    step();
    Burn(burn);
  }
  return 0;
}

}  // namespace
}  // namespace msp

int main(int argc, char** argv) { return msp::Main({argv + 1, argv + argc}); }
