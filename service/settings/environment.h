// SPDX-License-Identifier: Apache-2.0

// The environment variables of settings: an MSP_ variable that is not a setting stops the start,
// because a misspelt setting would be ignored silently. Only at the start, on one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace msp {

// Abseil's own string_view in Debian 12 is not the standard library's.
inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// The variable of a setting: "MSP_" and the name in upper case.
std::string VariableOf(std::string_view setting);

// The nearest to `name`, by edit distance.
std::string NearestTo(std::string_view name, const std::vector<std::string>& known);

// An error that names the first MSP_ variable of the process which no program of ours reads, and
// the nearest of `settings`. Its value is not shown: it may be a key. Variables that Kubernetes
// sets for the Services of a namespace (MSP_SERVICE_HOST for a Service "msp") are ignored.
absl::Status CheckEnvironment(const std::vector<std::string_view>& settings,
                              const std::vector<std::string_view>& withdrawn);

}  // namespace msp
