// SPDX-License-Identifier: Apache-2.0

// The upstream is killed under load and comes back on its port.
#include <thread>

#include "tests/load/environment.h"
#include "tests/load/load.h"
#include "tests/load/scenarios.h"

namespace msp::load {
namespace {

constexpr double kOutagePerSecond = 200;
// Shorter than the lookups for an order whose answer was lost.
constexpr std::chrono::milliseconds kDeadline{2'000};
constexpr std::chrono::milliseconds kGrace{250};  // For the answer's own way on a busy machine.
constexpr std::chrono::seconds kOutageCalm{3};    // Before and after.
// Calls at the very moment of the kill or the restart may end either way.
constexpr std::chrono::milliseconds kMoment{100};
constexpr std::chrono::milliseconds kRecovery{1'000};

const char kNotSent[] = "UNAVAILABLE NOT_SENT, outcome NOT_SENT, RetryInfo";

bool ByService(const Ended& call) { return call.kind->find("by gRPC itself") == std::string::npos; }

double Since(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

void Outage(const Options& options, testing::Report& report) {
  Upstream upstream;
  upstream.Delay("POST", 20);  // So that calls are in flight when it dies.
  Replica replica(upstream, {});
  const auto run = [&](LoadOptions what, double per_s, Journal* journal) {
    what.target = replica.address();
    what.deadline = kDeadline;
    *journal = Load(what).Run({.length = 2 * kOutageCalm + options.outage, .per_s = per_s});
  };
  Journal writes, reads;
  std::thread writer([&] { run({.order_id = "outage-"}, kOutagePerSecond, &writes); });
  std::thread reader([&] {
    run({.rpc = Rpc::kGetOrder, .order_id = "outage-0000000001"}, kOutagePerSecond / 10, &reads);
  });
  // On this thread: a program dies with the thread that has started it.
  std::this_thread::sleep_for(kOutageCalm);
  upstream.Kill();
  const auto killed = Clock::now();
  std::this_thread::sleep_for(options.outage);
  upstream.Start();
  const auto back = Clock::now();
  writer.join();
  reader.join();

  Say("orders:");
  writes.Print();
  Say("reads:");
  reads.Print();
  const Which away = SentWithin(killed + kMoment, back - kMoment);
  const Which after = SentWithin(back + kRecovery, Clock::now());
  Clock::time_point first_ok = Clock::now();
  for (const Ended& call : writes.calls()) {
    if (*call.kind == kOk && call.sent >= back) first_ok = std::min(first_ok, call.end);
  }
  Say(Text("away for %.1f s; the first order after its return was made %.0f ms after it",
           Since(killed, back) / 1000, Since(back, first_ok)));
  const long unsent = writes.Count(away);
  report.Check(
      unsent > 0 && writes.Count(Both(away, Not(Is(kNotSent)))) == 0,
      Text("all of %ld orders sent while it was away were answered NOT_SENT, with RetryInfo",
           unsent));
  const double longest = std::max(writes.QuantileMs(1, All()), reads.QuantileMs(1, All()));
  const auto deadline = static_cast<double>((kDeadline + kGrace).count());
  report.Check(longest <= deadline,
               Text("nothing hung: the longest call took %.0f ms, its deadline being %lld", longest,
                    static_cast<long long>(kDeadline.count())));
  report.Check(writes.Count(ByService) == writes.Count(All()) &&
                   reads.Count(ByService) == reads.Count(All()),
               "every answer was the service's own");
  report.Check(
      writes.Count(after) > 0 && writes.Count(Both(after, Not(Is(kOk)))) == 0,
      Text("all of %ld orders from a second after its return on were made", writes.Count(after)));
  report.Check(replica.Stop() == 0, "the server ended with exit code 0");
}

}  // namespace msp::load
