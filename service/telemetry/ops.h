// SPDX-License-Identifier: Apache-2.0

// The operators' HTTP port: /metrics, /livez, /readyz and /statusz.
//
// Owned by main, outlived by whatever its pages read. Serves on a few threads of its own, off the
// hot path: a slow or stuck client blocks one of them for seconds at most, and never a call. Any
// thread may set the phase.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/http_port.h"
#include "service/base/mutex.h"

namespace msp::telemetry {

// The phase of the server. Only kServing is ready; every phase is live: an upstream that is down is
// no reason to restart the server, or to send callers elsewhere.
enum class Phase : std::uint8_t { kStarting, kServing, kDraining };

// Whether MultiSafepay accepts every site's key, and a line for each site.
struct KeyStatus {
  bool all_taken = false;
  std::string text;
};

// The content of the pages, generated for each request, on the port's own threads.
struct OpsPages {
  std::function<std::string()> metrics;  // Prometheus' text format.
  std::function<std::string()> status;   // HTML for people.
  // Checks the keys with MultiSafepay; may take seconds. Called by one thread at a time.
  std::function<KeyStatus()> keys;
};

class OpsServer {
 public:
  // Binds `listen` ("host:port"; port 0 picks one) and serves. An address in use is an error.
  static absl::StatusOr<std::unique_ptr<OpsServer>> Start(const std::string& listen,
                                                          OpsPages pages);

  // "127.0.0.1:9464", with the port that was bound.
  const std::string& listening() const { return port_.listening(); }
  void SetPhase(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }

 private:
  explicit OpsServer(OpsPages pages);
  void AddPages();
  KeyStatus Keys();

  const OpsPages pages_;
  Mutex keys_mutex_;  // Held while keys are checked.
  KeyStatus keys_ ABSL_GUARDED_BY(keys_mutex_);
  std::chrono::steady_clock::time_point keys_until_ ABSL_GUARDED_BY(keys_mutex_);
  std::atomic<Phase> phase_{Phase::kStarting};
  HttpPort port_;  // Last: its threads use the other members.
};

}  // namespace msp::telemetry
