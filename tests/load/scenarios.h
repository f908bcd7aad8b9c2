// SPDX-License-Identifier: Apache-2.0

// The scenarios of the harness. Each starts its own programs, prints its figures, settles its
// claims, and has stopped everything when it returns. Called one after the other, by main.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tests/load/text.h"
#include "tests/testing/report.h"

namespace msp::load {

struct Options {
  // How long the overload lasts.
  std::chrono::seconds overload{60};
  // How long the upstream stays dead.
  std::chrono::seconds outage{10};
  // How long the slow upstream takes for each answer.
  std::chrono::milliseconds slow{5'000};
  // How long more orders come than MultiSafepay takes.
  std::chrono::seconds rate_limited{30};
  // How long each attack lasts.
  std::chrono::milliseconds attack{6'000};
  // How often each of the two replicas is restarted.
  int restarts = 5;
  // The servers' --connection_age_ms meanwhile; 0 shows what is lost without it.
  std::int64_t connection_age_ms = 2'000;
  std::string attack_name;  // Only attacks whose names contain this.
  // Envoy, the command that writes the files of docs/mesh for it, and where to; "" leaves out what
  // goes through it.
  std::string envoy;
  std::string mesh_files;
  std::string mesh_dir;
};

// Two replicas are restarted in turn under load: no plain client sees a failed call, and none whose
// calls come through Envoy.
void Rolling(const Options& options, testing::Report& report);
// Five times the capacity: what can be done is done, the rest is refused at once.
void Overload(const Options& options, testing::Report& report);
// Thousands of calls wait for a slow upstream: memory is bounded and reads go on.
void Slow(const Options& options, testing::Report& report);
// The upstream dies and comes back: nothing hangs, no call that was never sent is UNKNOWN.
void Outage(const Options& options, testing::Report& report);
// MultiSafepay answers 429 to most orders: its budget is used up, and no order is UNKNOWN.
void RateLimited(const Options& options, testing::Report& report);
// Attackers work on Envoy: no call of others fails, and they hardly wait. And on the naked port: no
// crash, memory is bounded, service is back within seconds.
void Attack(const Options& options, testing::Report& report);

}  // namespace msp::load
