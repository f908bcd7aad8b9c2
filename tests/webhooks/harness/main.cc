// SPDX-License-Identifier: Apache-2.0

// msp-notify: orders whose notifications are dropped, doubled, delayed and reordered, two
// replicas, a Redis that dies in the middle: every watcher receives its order's final state
// once, in order. Then thousands of open watchers at rest. Its last line counts the claims:
// ./run notify.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_format.h"
#include "tests/testing/redis_process.h"
#include "tests/testing/report.h"
#include "tests/webhooks/environment.h"
#include "tests/webhooks/harness/relay.h"

ABSL_FLAG(int, orders, 10'000, "number of orders");
ABSL_FLAG(int, watchers, 5'000, "number of idle watchers to hold open");
ABSL_FLAG(int, callers, 128, "concurrent orders");
ABSL_FLAG(std::uint64_t, seed, 1, "random seed");

namespace msp::webhooks {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr double kByWebhookMin = 0.95;
constexpr double kGetsMax = 3;         // GETs for each order, on the average.
constexpr double kWatcherKiBMax = 64;  // Memory of an open watcher.
constexpr double kIdleCpuMax = 0.05;   // Of one core, with all of them open.
constexpr seconds kStuck{120};

struct Seen {
  std::atomic<int> done{0}, wrong{0}, stuck{0}, by_webhook{0}, by_read{0}, arrived{0},
      arrived_by_webhook{0}, at_once{0};
};

// One order from its creation to the end of its stream.
void Live(const Environment& environment, const Relay& relay,
          const std::shared_ptr<grpc::Channel>& channel, int number, Seen& seen) {
  const std::string id = "n-" + std::to_string(number);
  const bool declined = number % 5 == 0;
  environment.Create(id, relay.address());
  v1::WatchOrderRequest request;
  request.set_order_id(id);
  const auto until = system_clock::now() + kStuck;
  const auto stub = v1::OrderService::NewStub(channel);
  std::vector<v1::PaymentState> states;
  auto cause = v1::WatchOrderResponse::CAUSE_UNSPECIFIED;
  grpc::Status status;
  do {
    grpc::ClientContext context;
    context.set_deadline(until);
    const auto stream = stub->WatchOrder(&context, request);
    v1::WatchOrderResponse message;
    while (stream->Read(&message)) {
      if (states.empty()) environment.Finish3ds(id, declined ? "N" : "Y");
      states.push_back(message.order().payment_state());
      cause = message.cause();
    }
    status = stream->Finish();
    // As every client does: a connection's GOAWAY may meet the start of a stream.
  } while (states.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE);
  const std::vector<v1::PaymentState> right{
      v1::PAYMENT_STATE_PENDING, declined ? v1::PAYMENT_STATE_DECLINED : v1::PAYMENT_STATE_PAID};
  if (!status.ok()) {
    ++seen.stuck;
    std::printf("%s: %s\n", id.c_str(), status.error_message().c_str());
  } else if (states != right) {
    ++seen.wrong;
    std::string text = id + ":";
    for (const auto state : states) text += " " + v1::PaymentState_Name(state);
    std::printf("%s\n", text.c_str());
  }
  const bool notified = cause == v1::WatchOrderResponse::CAUSE_NOTIFICATION;
  ++(notified ? seen.by_webhook : seen.by_read);
  if (!relay.Dropped(id)) {
    ++seen.arrived;
    if (notified) ++seen.arrived_by_webhook;
  }
  ++seen.done;
}

void UnreliableDelivery(testing::Report& report) {
  const int orders = absl::GetFlag(FLAGS_orders);
  testing::RedisProcess redis;
  const std::vector<std::string> arguments{"--events=" + redis.url(), "--watch_poll_first_ms=5000",
                                           "--watch_poll_max_ms=20000", "--watch_quiet_ms=100",
                                           "--log_level=error"};
  Environment environment(arguments);
  const auto other = environment.StartServer(arguments);
  Relay relay({environment.webhook(), Environment::WebhookOf(*other)}, absl::GetFlag(FLAGS_seed));
  const std::vector<std::shared_ptr<grpc::Channel>> channels{environment.channel(),
                                                             Environment::Dial(*other)};
  Seen seen;
  std::atomic<int> next{0};
  const auto start = steady_clock::now();
  std::vector<std::thread> callers;
  for (int i = 0; i < absl::GetFlag(FLAGS_callers); ++i) {
    callers.emplace_back([&] {
      for (int number = next++; number < orders; number = next++) {
        Live(environment, relay, channels[static_cast<std::size_t>(number % 2)], number, seen);
      }
    });
  }
  while (seen.done < orders / 2) std::this_thread::sleep_for(milliseconds(20));
  redis.Kill();
  std::this_thread::sleep_for(milliseconds(500));
  redis.Start();
  for (std::thread& caller : callers) caller.join();
  const double took = std::chrono::duration<double>(steady_clock::now() - start).count();
  const Json stats = environment.Stats();
  const double gets = environment.Gets(stats) / orders;
  const double share = seen.arrived == 0 ? 0.0
                                         : static_cast<double>(seen.arrived_by_webhook) /
                                               static_cast<double>(seen.arrived);
  std::printf(
      "%d orders in %.0f s: %d notifications came to the relay, %d dropped, %d doubled, %d held "
      "back, %d refused; Redis killed and started once\n",
      orders, took, relay.came.load(), relay.dropped.load(), relay.doubled.load(),
      relay.delayed.load(), relay.refused.load());
  std::printf("final states: %d by notification, %d by a read; GETs an order: %.2f\n",
              seen.by_webhook.load(), seen.by_read.load(), gets);
  report.Check(seen.stuck == 0, "no watcher is stuck: " + std::to_string(seen.stuck));
  report.Check(seen.wrong == 0,
               "each sees its states once, in order; otherwise: " + std::to_string(seen.wrong));
  report.Check(share >= kByWebhookMin,
               absl::StrFormat(
                   "%.1f %% of the final states whose notification was not dropped came by it (at "
                   "least %.0f)",
                   share * 100, kByWebhookMin * 100));
  report.Check(gets > 0 && gets <= kGetsMax,
               absl::StrFormat("%.2f GETs an order (at most %.0f)", gets, kGetsMax));
}

double ResidentKiB(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  double size = 0;
  double resident = 0;
  in >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1'024;
}

double CpuSeconds(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  double user = 0;
  double system = 0;
  for (int i = 1; i <= 13; ++i) in >> word;
  in >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// A stream that is read by gRPC's own threads.
class Held final : public grpc::ClientReadReactor<v1::WatchOrderResponse> {
 public:
  Held(v1::OrderService::Stub& stub, const std::string& id, std::atomic<int>& shown,
       std::atomic<int>& gone)
      : shown_(shown), gone_(gone) {
    request_.set_order_id(id);
    request_.set_follow(true);
    stub.async()->WatchOrder(&context_, &request_, this);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++shown_;
    StartRead(&message_);
  }
  void OnDone(const grpc::Status&) override { ++gone_; }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  v1::WatchOrderRequest request_;
  v1::WatchOrderResponse message_;
  std::atomic<int>& shown_;
  std::atomic<int>& gone_;
};

void IdleWatchers(testing::Report& report) {
  const int count = absl::GetFlag(FLAGS_watchers);
  Environment environment(
      {"--watch_poll_first_ms=600000", "--watch_poll_max_ms=600000", "--log_level=error"});
  const pid_t pid = environment.server().process().pid();
  std::vector<std::thread> makers;
  std::atomic<int> next{0};
  for (int i = 0; i < 16; ++i) {
    makers.emplace_back([&] {
      for (int number = next++; number < count; number = next++)
        environment.Create("r-" + std::to_string(number), "");
    });
  }
  for (std::thread& maker : makers) maker.join();
  const double before = ResidentKiB(pid);
  const auto stub = v1::OrderService::NewStub(environment.channel());
  std::atomic<int> shown{0};
  std::atomic<int> gone{0};
  std::vector<std::unique_ptr<Held>> held;
  for (int i = 0; i < count; ++i)
    held.push_back(std::make_unique<Held>(*stub, "r-" + std::to_string(i), shown, gone));
  const auto until = steady_clock::now() + kStuck;
  while (shown < count && gone == 0 && steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds(20));
  report.Check(shown == count, std::to_string(shown) + " of " + std::to_string(count) +
                                   " watchers have their order's state");
  std::this_thread::sleep_for(seconds(1));
  const double each = (ResidentKiB(pid) - before) / count;
  const double cpu_before = CpuSeconds(pid);
  constexpr seconds kIdle{5};
  std::this_thread::sleep_for(kIdle);
  const double cpu = (CpuSeconds(pid) - cpu_before) / static_cast<double>(kIdle.count());
  report.Check(
      each <= kWatcherKiBMax,
      absl::StrFormat("%.1f KiB of memory a watcher (at most %.0f)", each, kWatcherKiBMax));
  report.Check(cpu <= kIdleCpuMax, absl::StrFormat("%.1f %% of a core at rest (at most %.0f)",
                                                   cpu * 100, kIdleCpuMax * 100));
  for (const auto& one : held) one->Cancel();
  while (gone < count && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
  if (gone < count) std::_Exit(1);  // Their memory is still gRPC's.
}

int Main() {
  testing::Report report;
  if (absl::GetFlag(FLAGS_orders) > 0) UnreliableDelivery(report);
  if (absl::GetFlag(FLAGS_watchers) > 0) IdleWatchers(report);
  return report.Print();
}

}  // namespace
}  // namespace msp::webhooks

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return msp::webhooks::Main();
}
