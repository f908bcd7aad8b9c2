// SPDX-License-Identifier: Apache-2.0

// Reads files again while the server runs: keys, sites, certificates. A broken file is refused and
// logged once; the previous content stays in use.
//
// Owned by main. Reads on its own thread, which alone calls the items' functions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/telemetry/log.h"

namespace msp {

// The content of the files at one read.
struct FileContent {
  std::string digest;  // Differs when the content does; reveals nothing of it.
  std::function<void()> apply;
};

struct Reloadable {
  std::string what;  // For logs and metrics: "sites", "tls".
  // Reads and checks all of its files. The error may be logged.
  std::function<absl::StatusOr<FileContent>()> read;
};

class Reloader {
 public:
  // The content in use at the start counts as known.
  Reloader(std::vector<Reloadable> items, std::chrono::milliseconds interval, telemetry::Log& log);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Reads at once, without waiting for the interval. Any thread.
  void CheckNow();

  struct ReloadState {
    std::string what;
    std::atomic<std::int64_t> reloads{0};
    std::atomic<bool> refused{false};
  };
  const std::vector<std::unique_ptr<ReloadState>>& states() const { return states_; }

 private:
  struct Item {
    Reloadable reloadable;
    std::string known;  // The last handled result: a digest, or an error.
    std::string fresh;  // The result of the last read, where it was new.
  };

  void Run();
  void Check(Item& item, ReloadState& state);

  const std::chrono::milliseconds interval_;
  telemetry::Log& log_;
  std::vector<Item> items_;
  std::vector<std::unique_ptr<ReloadState>> states_;
  Mutex mutex_;
  CondVar wake_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool check_now_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// For texts with secrets: keyed with a key of this process.
std::string DigestOf(std::initializer_list<std::string_view> texts);

}  // namespace msp
