// SPDX-License-Identifier: Apache-2.0

// How many processors the process may use. Only called at the start.
#pragma once

#include <string>

namespace msp {

// The processors of the process's affinity, or fewer where the CPU quota of its control group (v2
// or v1, as seen at /sys/fs/cgroup) is less, rounded up. At least 1.
int CoresOfProcess();

// The same with control groups at `root`.
int CoresOfProcess(const std::string& root);

}  // namespace msp
