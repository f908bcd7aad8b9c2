// SPDX-License-Identifier: Apache-2.0

// Five times as many calls as can be served. What bounds the service is what it may ask of the
// upstream: so many connections, each busy for the upstream's latency. (Its own CPU would be shared
// with the generator on the same machine, and the figures would be the generator's.)
#include <memory>
#include <string>

#include "tests/load/environment.h"
#include "tests/load/load.h"
#include "tests/load/scenarios.h"

namespace msp::load {
namespace {

constexpr std::int64_t kLatencyMs = 200;
// Connections and queue of the pool; three quarters of each are for writes.
constexpr int kConnections = 40;
constexpr int kQueue = 40;
constexpr int kWrites = kConnections * 3 / 4 + kQueue * 3 / 4;
constexpr double kTimes = 5;
constexpr double kGoodputMin = 0.9;
constexpr double kRefusedMaxMs = 50;
constexpr double kMemoryMaxMiB = 128;
constexpr std::chrono::seconds kMeasured{5};

const char kRefused[] = "RESOURCE_EXHAUSTED OVERLOADED, outcome NOT_SENT, RetryInfo";

}  // namespace

void Overload(const Options& options, testing::Report& report) {
  using std::chrono::seconds;
  Upstream upstream;
  upstream.Delay("POST", kLatencyMs);
  Replica replica(upstream, {"--http_connections_max=" + std::to_string(kConnections),
                             "--http_queue_max=" + std::to_string(kQueue)});
  auto load =
      std::make_unique<Load>(LoadOptions{.target = replica.address(), .order_id = "overload-"});
  // As many at a time as the pool takes: none is refused, and no connection idles.
  const LoadProfile full{.length = kMeasured + seconds(1), .in_flight_max = kWrites};
  const auto measure = [&](Journal* journal) {
    const auto start = Clock::now() + seconds(1);
    *journal = load->Run(full);
    return journal->PerSecond(kOk, start, start + kMeasured - seconds(1));
  };
  Journal before, after;
  const double capacity = measure(&before);
  const double memory = replica.MemoryMiB();
  Say(Text("capacity: %.0f calls/s (%d at a time, p50 %.0f ms)", capacity, kWrites,
           before.QuantileMs(0.5, Is(kOk))));

  const auto start = Clock::now();
  const Journal overloaded = load->Run({.length = options.overload, .per_s = kTimes * capacity});
  const auto end = start + options.overload;
  const double capacity_after = measure(&after);
  load.reset();  // A connection that nobody polls would hold up the server's end.
  overloaded.Print();
  const double goodput = overloaded.PerSecond(kOk, start, end);
  const double refused_ms = overloaded.QuantileMs(0.99, Is(kRefused));
  // How late this very thread wakes up: on a busy machine as much is added to whatever it measures.
  const double late_ms = overloaded.LagMs(0.99);
  const double offered = static_cast<double>(overloaded.Count(All())) /
                         std::chrono::duration<double>(end - start).count();
  Say(
      Text("offered %.0f calls/s, %.1f times the capacity, for %lld s; the generator was late by "
           "%.1f ms at p99",
           offered, offered / capacity, static_cast<long long>(options.overload.count()), late_ms));
  Say(Text("memory: %.0f MiB before, at most %.0f MiB", memory, replica.MemoryPeakMiB()));

  report.Check(before.Count(Not(Is(kOk))) == 0, "at its capacity no call fails");
  report.Check(offered >= 0.95 * kTimes * capacity, "five times the capacity was offered");
  report.Check(
      goodput >= kGoodputMin * capacity,
      Text("goodput %.0f calls/s, %.0f %% of the capacity", goodput, 100 * goodput / capacity));
  report.Check(overloaded.Count(Not(Is(kOk))) == overloaded.Count(Is(kRefused)),
               "every call beyond it was refused as OVERLOADED and NOT_SENT");
  report.Check(refused_ms < kRefusedMaxMs + late_ms,
               Text("refusals took %.1f ms at p99: under %.0f beyond the generator's own lateness",
                    refused_ms, kRefusedMaxMs));
  report.Check(replica.MemoryPeakMiB() <= kMemoryMaxMiB,
               Text("memory stayed below %.0f MiB", kMemoryMaxMiB));
  report.Check(
      capacity_after >= kGoodputMin * capacity && after.Count(Not(Is(kOk))) == 0,
      Text("a second after the overload: %.0f calls/s, %.0f %% of the capacity, none refused",
           capacity_after, 100 * capacity_after / capacity));
  report.Check(replica.Stop() == 0, "the server ended with exit code 0");
}

}  // namespace msp::load
