// SPDX-License-Identifier: Apache-2.0

// The programs under test: one msp-sandbox with faults, two msp-server replicas before it, and the
// one who kills them.
//
// Constructed and destroyed by main; `Channel` from any thread. A replica that dies is replaced by
// one on another port: who calls takes a channel for each call.
#pragma once

#include <grpcpp/channel.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "nlohmann/json.hpp"
#include "service/base/mutex.h"
#include "tests/chaos/language_client.h"
#include "tests/chaos/options.h"
#include "tests/testing/authority.h"
#include "tests/testing/redis_process.h"
#include "tests/testing/server_process.h"

namespace msp::chaos {

using Json = nlohmann::json;

// MultiSafepay's ledger, and the knobs of the sandbox.
class Ledger {
 public:
  explicit Ledger(std::string origin) : origin_(std::move(origin)) {}
  // The `data` of /_sandbox/PATH; null when the sandbox refused.
  Json Get(const std::string& path) const { return Ask(path, nullptr); }
  Json Post(const std::string& path, const Json& body) const { return Ask(path, &body); }
  const std::string& origin() const { return origin_; }

 private:
  Json Ask(const std::string& path, const Json* body) const;

  std::string origin_;  // "http://127.0.0.1:PORT"
};

class Fleet {
 public:
  explicit Fleet(const Options& options);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  static constexpr int kReplicas = 2;
  // What calls name in x-msp-site where the servers have a sites file.
  static constexpr char kSite[] = "shop";
  // A channel to the replica as it is now; it may be dying.
  std::shared_ptr<grpc::Channel> Channel(int replica, std::int64_t any) const;
  // Where it listens, likewise.
  std::string Address(int replica) const;
  // Null when the harness itself makes all calls.
  const LanguageClient* language_client() const { return language_client_.get(); }
  const Ledger& ledger() const { return *ledger_; }

  // From here on MultiSafepay takes so many requests a second and answers the others 429. All
  // faults count from zero again.
  void LimitRate(std::int64_t calls_per_s) const;
  // Requests that came to MultiSafepay since then, 429s among them.
  std::int64_t Requests() const;
  // How many of them were answered 429 for the limit's sake.
  std::int64_t RequestsRefused() const;

  // Starts and stops the killing and the moving of the sandbox's clock.
  void BeginKilling();
  void EndKilling();

  // "SIGKILL", "SIGTERM" and "SIGKILL of Redis" with how often; SIGTERMs that did not end with exit
  // code 0.
  std::map<std::string, int> kills() const;

 private:
  struct Replica {
    std::unique_ptr<testing::ServerProcess> process;
    std::vector<std::shared_ptr<grpc::Channel>> channels;
    std::string address;
  };

  void StartSandbox();
  std::unique_ptr<testing::ServerProcess> StartServer();
  void Put(int replica, std::unique_ptr<testing::ServerProcess> process);
  void Kill();
  void KillReplica(int victim, bool gently, std::int64_t advance_s);

  const Options options_;
  const testing::Folder folder_;                  // Keys and sites.
  std::atomic<int> starts_{0};                    // Of servers.
  std::unique_ptr<testing::RedisProcess> redis_;  // Null without leases.
  std::unique_ptr<testing::ChildProcess> sandbox_;
  std::unique_ptr<LanguageClient> language_client_;
  std::string api_url_;
  std::unique_ptr<Ledger> ledger_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::array<Replica, kReplicas> replicas_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> kills_ ABSL_GUARDED_BY(mutex_);
  bool killing_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread killer_;
};

}  // namespace msp::chaos
