// SPDX-License-Identifier: Apache-2.0

// Thousands of orders wait for an upstream that takes seconds for each answer. Reads have a share
// of connections and queue of their own, so that they wait for the upstream alone.
#include <thread>

#include "tests/load/environment.h"
#include "tests/load/load.h"
#include "tests/load/scenarios.h"

namespace msp::load {
namespace {

constexpr long kCalls = 4'000;
constexpr double kReadsPerSecond = 20;
constexpr double kSlowMemoryMaxMiB = 192;
constexpr std::chrono::milliseconds kLateMax{1'000};  // Beyond what the upstream itself takes.

}  // namespace

void Slow(const Options& options, testing::Report& report) {
  using std::chrono::milliseconds;
  Upstream upstream;
  // Connections as by default; a queue that takes all calls, and time enough for all rounds.
  Replica replica(upstream, {"--http_queue_max=8192", "--upstream_timeout_ms=120000",
                             "--call_max_ms=120000", "--drain_timeout_ms=130000"});
  const milliseconds deadline = 16 * options.slow + milliseconds(10'000);
  const long made =
      Load({.target = replica.address(), .order_id = "read-"}).Run({.calls_max = 1}).Count(Is(kOk));
  const double before = replica.MemoryMiB();
  for (const char* method : {"POST", "GET"}) upstream.Delay(method, options.slow.count());

  Journal writes;
  std::thread writer([&] {
    // A server may bound the calls of one connection: so many that all reach it.
    Load load(
        {.target = replica.address(), .channels = 20, .order_id = "slow-", .deadline = deadline});
    writes = load.Run({.calls_max = kCalls, .in_flight_max = kCalls});
  });
  // Reads come once all writes are under way, and end before they do.
  std::this_thread::sleep_for(milliseconds(1'000));
  const double held = replica.MemoryMiB();
  const auto start = Clock::now();
  const Journal reads = Load({.target = replica.address(),
                              .rpc = Rpc::kGetOrder,
                              .order_id = "read-0000000001",
                              .deadline = deadline})
                            .Run({.length = 2 * options.slow, .per_s = kReadsPerSecond});
  const auto end = Clock::now();
  writer.join();

  Say("4,000 orders at once:");
  writes.Print();
  Say("reads in the meantime:");
  reads.Print();
  Say(Text("memory: %.0f MiB before, %.0f with all calls waiting, at most %.0f", before, held,
           replica.MemoryPeakMiB()));
  const double read_ms = reads.QuantileMs(0.99, All());
  const long waiting = writes.Count([&](const Ended& call) { return call.end > end; });
  const auto late = static_cast<double>((options.slow + kLateMax).count());
  report.Check(made == 1 && writes.Count(All()) == kCalls && writes.Count(Not(Is(kOk))) == 0,
               Text("all of %ld orders were made", kCalls));
  report.Check(
      waiting > 0 && reads.Count(All()) > 0 && reads.Count(Not(Is(kOk))) == 0,
      Text("all of %ld reads were answered while up to %ld orders waited", reads.Count(All()),
           writes.Count([&](const Ended& call) { return call.end > start; })));
  report.Check(read_ms <= late, Text("reads took %.0f ms at p99, of which the upstream %lld",
                                     read_ms, static_cast<long long>(options.slow.count())));
  report.Check(replica.MemoryPeakMiB() <= kSlowMemoryMaxMiB,
               Text("memory stayed below %.0f MiB", kSlowMemoryMaxMiB));
  report.Check(replica.Stop() == 0, "the server ended with exit code 0");
}

}  // namespace msp::load
