// SPDX-License-Identifier: Apache-2.0

// What MultiSafepay does wrong in a run: the fault rules that the sandbox is given.
#pragma once

#include "nlohmann/json.hpp"
#include "tests/chaos/options.h"

namespace msp::chaos {

// For POST /_sandbox/faults. The first rule is the rate limit, which counts every request;
// `calls_per_s` is its budget, and all rules after it go wrong in `options.fault_rate` of the calls
// that move money and in a third of that share of the reads.
nlohmann::json FaultRules(const Options& options, std::int64_t calls_per_s);

inline constexpr std::int64_t kNoLimit = 100'000'000;

}  // namespace msp::chaos
