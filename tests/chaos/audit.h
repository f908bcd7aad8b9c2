// SPDX-License-Identifier: Apache-2.0

// Compares what callers were answered with MultiSafepay's ledger: every result that was certain
// must be true, and nobody was charged twice.
#pragma once

#include <vector>

#include "tests/chaos/plans.h"

namespace msp::chaos {

// `ledger` is the sandbox's snapshot. Violations and figures go to `tally`. Under a rule set of the
// matrix a call may stay indeterminate where nothing was done, because absence is no proof, and
// where the record does not show which call did it.
void Audit(const RuleSet& rules, const Json& ledger, const std::vector<OrderHistory>& histories,
           Tally& tally);

}  // namespace msp::chaos
