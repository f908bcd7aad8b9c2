// SPDX-License-Identifier: Apache-2.0

// Proof for a state that one read does not prove, because it may be older than the state that was
// sent: reads lag behind, since a replica of MultiSafepay's may answer with an earlier state. Two
// consecutive reads that began after the last news and show the same state are proof once the later
// read began after the settle time. Pure; one thread at a time.
#pragma once

#include <chrono>
#include <string>
#include <utility>

namespace msp::webhooks {

class ConsecutiveReads {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Adds a read that began at `began` and showed `digest`. `since`: the time of the last news.
  // `settle`: how long reads may lag behind. The caller omits reads that began before `since`.
  void Add(const std::string& digest, Time began, Time since, std::chrono::milliseconds settle) {
    if (digest != digest_) {
      digest_ = digest;
      reads_ = 0;
    }
    if (reads_ < 2) ++reads_;
    proven_ = reads_ == 2 && began >= since + settle;
  }
  void Reset() { *this = {}; }

  bool pending() const { return reads_ > 0; }
  bool Proves(const std::string& digest) const { return proven_ && digest == digest_; }

 private:
  std::string digest_;
  int reads_ = 0;  // In a row; at most 2.
  bool proven_ = false;
};

}  // namespace msp::webhooks
