// SPDX-License-Identifier: Apache-2.0

#include "sandbox/core/read_lag.h"

#include <utility>

#include "sandbox/core/random.h"

namespace msp::sandbox {

std::int64_t ReadLag::LagMs(std::uint64_t seq) const {
  Random random(seed_ ^ (seq * 0x2545f4914f6cdd1dULL));
  return min_ms_ +
         static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(max_ms_ - min_ms_) + 1));
}

void ReadLag::Record(std::uint64_t seq, std::int64_t now_ms, Json version) {
  std::deque<Version>& versions = versions_[seq];
  versions.push_back({now_ms, std::move(version)});
  // Keep only the newest of the versions that every GET may show.
  while (versions.size() > 1 && versions[1].since_ms <= now_ms - max_ms_) versions.pop_front();
}

const Json* ReadLag::Visible(std::uint64_t seq, std::int64_t now_ms) const {
  const auto found = versions_.find(seq);
  if (found == versions_.end()) return nullptr;
  const std::int64_t until_ms = now_ms - LagMs(seq);
  const Json* visible = nullptr;
  for (const Version& version : found->second) {
    if (version.since_ms <= until_ms) visible = &version.order;
  }
  return visible;
}

}  // namespace msp::sandbox
