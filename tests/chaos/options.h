// SPDX-License-Identifier: Apache-2.0

// What one run of the chaos harness does; all of it follows from these and the seed, up to the
// machine's own timing.
#pragma once

#include <cstdint>
#include <string>

#include "tests/chaos/rule_sets.h"

namespace msp::chaos {

struct Options {
  std::uint64_t seed = 1;
  int orders = 3'000;
  int callers = 48;          // Threads, each with one order at a time.
  RuleSet rules;             // A row of the matrix, or made up by the flags.
  double fault_rate = 0.3;   // Of the calls that move money; a third of it for lookups.
  bool kills = true;         // Replicas die and restart while calls are under way.
  bool calm = false;         // No concurrent or abandoned calls for one order.
  bool idempotency = false;  // Only calls that are repeated, and intruders with another key.
  bool together = false;     // Concurrent calls for one order go through one replica.
  // Answered 429 for want of budget, about so many to a call; 0 is no limit. Then the second half
  // of the orders is the first one's again, for comparison.
  double rate_limit = 0;
  // How long a caller repeats a call before it counts as never certain.
  int call_timeout_s = 120;
  bool markers = true;  // Off to see that the checks can fail.
  std::string client;   // The command of a driver: another language's client makes the calls.
};

}  // namespace msp::chaos
