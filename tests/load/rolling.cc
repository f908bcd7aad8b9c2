// SPDX-License-Identifier: Apache-2.0

// Two replicas behind one client that knows both, each restarted in turn while orders are made.
#include <atomic>
#include <string>
#include <thread>

#include "tests/load/environment.h"
#include "tests/load/load.h"
#include "tests/load/scenarios.h"

namespace msp::load {
namespace {

constexpr double kRollingPerSecond = 500;
constexpr std::chrono::seconds kBefore{2};
// Between the start of one replica and the end of the other: a client that was refused while the
// first was away waits a second and a bit before it dials again.
constexpr std::chrono::seconds kBetween{5};

// Restarts both in turn under load on `target`.
void Roll(const Options& options, const std::string& target, const std::string& whose, Replica& one,
          Replica& other, Upstream& upstream, testing::Report& report) {
  std::atomic<bool> done{false};
  Journal journal;
  std::thread client([&] {
    Load load({.target = target, .channels = 8, .order_id = "rolling-"});
    while (!done)
      journal.Append(load.Run({.length = std::chrono::seconds(1), .per_s = kRollingPerSecond}));
  });
  // On this thread: a program dies with the thread that has started it.
  std::this_thread::sleep_for(kBefore);
  int ended_badly = 0;
  for (int i = 0; i < options.restarts; ++i) {
    for (Replica* replica : {&one, &other}) {
      ended_badly += replica->Restart() == 0 ? 0 : 1;
      std::this_thread::sleep_for(kBetween);
    }
  }
  done = true;
  client.join();

  journal.Print();
  Say(Text("%d restarts; the generator was late by %.1f ms at p99", 2 * options.restarts,
           journal.LagMs(0.99)));
  const long calls = journal.Count(All()), failed = journal.Count(Not(Is(kOk)));
  report.Check(failed == 0, Text("%ld of %ld calls of %s failed", failed, calls, whose.c_str()));
  report.Check(ended_badly == 0, "every replica ended with exit code 0");
  const Upstream::Books books = upstream.Audit();
  report.Check(books.orders == calls && books.charged_twice == 0 && books.not_charged == 0,
               Text("one charge for each of %ld order ids (%ld orders, %ld charged twice)", calls,
                    books.orders, books.charged_twice));
}

}  // namespace

void Rolling(const Options& options, testing::Report& report) {
  const std::string age = "--connection_age_ms=" + std::to_string(options.connection_age_ms);
  {
    Upstream upstream;
    Replica one(upstream, {"--drain_delay_ms=500", age}),
        other(upstream, {"--drain_delay_ms=500", age});
    Roll(options, "ipv4:" + one.address() + "," + other.address(), "a plain client", one, other,
         upstream, report);
  }
  if (options.envoy.empty()) return;
  Upstream upstream;
  Mesh mesh(options.envoy, options.mesh_files, options.mesh_dir);
  // Envoy asks for health each half second.
  mesh.Start(upstream, {"--drain_delay_ms=1500", age});
  Roll(options, mesh.address(), "clients of Envoy", mesh.replica(0), mesh.replica(1), upstream,
       report);
}

}  // namespace msp::load
