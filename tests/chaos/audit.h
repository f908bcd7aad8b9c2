// SPDX-License-Identifier: Apache-2.0

// Holds what callers were told against MultiSafepay's books: every statement that was certain must
// be true, and nobody was charged twice.
#pragma once

#include <vector>

#include "tests/chaos/plans.h"

namespace msp::chaos {

// `books` is the sandbox's snapshot. Violations and figures go to `tally`. Under a rule set of the
// matrix a call may end in doubt where nothing was done, for absence is no proof, and where the
// record does not show whose the deed is.
void Audit(const RuleSet& rules, const Json& books, const std::vector<Story>& stories,
           Tally& tally);

}  // namespace msp::chaos
