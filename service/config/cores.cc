// SPDX-License-Identifier: Apache-2.0

#include "service/config/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/numbers.h"

namespace msp {
namespace {

// 0 without a quota.
int CoresOfControlGroup(const std::string& root) {
  std::string quota_us;  // "200000", or "max" (v2) or "-1" (v1) for none.
  double period_us = 0;
  if (std::ifstream both(root + "/cpu.max"); both) {
    both >> quota_us >> period_us;
  } else {
    std::ifstream(root + "/cpu/cpu.cfs_quota_us") >> quota_us;
    std::ifstream(root + "/cpu/cpu.cfs_period_us") >> period_us;
  }
  double quota = 0;
  if (!absl::SimpleAtod(quota_us, &quota) || quota <= 0 || period_us <= 0) return 0;
  return static_cast<int>(std::ceil(quota / period_us));
}

}  // namespace

int CoresOfProcess() { return CoresOfProcess("/sys/fs/cgroup"); }

int CoresOfProcess(const std::string& root) {
  cpu_set_t set;
  const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  const int quota = CoresOfControlGroup(root);
  return std::max(1, quota > 0 ? std::min(allowed, quota) : allowed);
}

}  // namespace msp
