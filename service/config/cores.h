// SPDX-License-Identifier: Apache-2.0

// How many processors the process may use. At the start alone.
#pragma once

#include <string>

namespace msp {

// The processors that the scheduler lets the process run on, or fewer where the CPU quota of its
// control group (v2 or v1, as seen at /sys/fs/cgroup) is less, rounded up. At least 1.
int CoresOfProcess();

// The same with control groups at `root`.
int CoresOfProcess(const std::string& root);

}  // namespace msp
