// SPDX-License-Identifier: Apache-2.0

// Four times as many orders as MultiSafepay takes a second; it answers 429 to the others. A 429 was
// not processed: the call is refused at once, and no lookup eats what is left of the budget.
#include "tests/load/environment.h"
#include "tests/load/load.h"
#include "tests/load/scenarios.h"

namespace msp::load {
namespace {

constexpr double kPerSecond = 200;
constexpr long kLimit = 50;  // Requests a second.
constexpr double kGoodputOfLimitMin = 0.95;
constexpr double kRequestsMax = 1.1;  // For each call.

const char kRateLimited[] = "RESOURCE_EXHAUSTED RATE_LIMITED, outcome REJECTED, RetryInfo";

bool IsUnknown(const Ended& call) {
  return call.kind->find("outcome UNKNOWN") != std::string::npos ||
         call.kind->find("by gRPC itself") != std::string::npos;
}

}  // namespace

void RateLimited(const Options& options, testing::Report& report) {
  Upstream upstream;
  upstream.Limit(kLimit);
  Replica replica(upstream, {});
  const auto start = Clock::now();
  const Journal journal = Load({.target = replica.address(),
                                .order_id = "limited-",
                                .deadline = std::chrono::milliseconds(20'000)})
                              .Run({.length = options.rate_limited, .per_s = kPerSecond});
  const double seconds = std::chrono::duration<double>(options.rate_limited).count();
  const double goodput = static_cast<double>(journal.Count([&](const Ended& call) {
                           return *call.kind == kOk && call.end <= start + options.rate_limited;
                         })) /
                         seconds;
  const double per_call =
      static_cast<double>(upstream.Requests()) / static_cast<double>(journal.Count(All()));
  journal.Print();
  Say(Text("%.0f orders/s for %.0f s against a limit of %d requests/s", kPerSecond, seconds,
           kLimit));
  report.Check(goodput >= kGoodputOfLimitMin * static_cast<double>(kLimit),
               Text("goodput %.1f orders/s, %.0f %% of the limit", goodput,
                    100 * goodput / static_cast<double>(kLimit)));
  report.Check(journal.Count(IsUnknown) == 0, "no order ended UNKNOWN");
  report.Check(journal.Count(Not(Is(kOk))) == journal.Count(Is(kRateLimited)),
               "every order beyond the limit was refused as RATE_LIMITED, with RetryInfo");
  report.Check(per_call <= kRequestsMax,
               Text("%.2f requests to MultiSafepay for each call", per_call));
  const Upstream::Books books = upstream.Audit();
  report.Check(books.charged_twice == 0 && books.orders == journal.Count(Is(kOk)),
               "MultiSafepay's record has exactly the orders that were confirmed");
  report.Check(replica.Stop() == 0, "the server ended with exit code 0");
}

}  // namespace msp::load
