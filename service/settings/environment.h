// SPDX-License-Identifier: Apache-2.0

// The environment variables that look like settings: every MSP_ variable is a setting, or it stops
// the start, for a setting that is misspelt would be ignored without a word. At the start alone, on
// one thread.
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

// The one that is nearest to `name`, by letters.
std::string NearestTo(std::string_view name, const std::vector<std::string>& known);

// An error that names the first MSP_ variable of the process which no program of ours reads, and
// the nearest of `settings`. Its value is not shown: it may be a key. The variables
// that Kubernetes sets for the Services of a namespace (MSP_SERVICE_HOST beside a Service "msp")
// are not looked at.
absl::Status CheckEnvironment(const std::vector<std::string_view>& settings,
                              const std::vector<std::string_view>& withdrawn);

}  // namespace msp
