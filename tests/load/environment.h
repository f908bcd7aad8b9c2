// SPDX-License-Identifier: Apache-2.0

// The programs under load: an msp-sandbox as the upstream, which may die and come back on its port,
// and servers on ports that stay the same over restarts. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/testing/server_process.h"

namespace msp::load {

using Json = nlohmann::json;

class Upstream {
 public:
  // Takes a free port and starts.
  Upstream();

  const std::string& api_url() const { return api_url_; }
  // Killed by SIGKILL.
  void Kill();
  // Comes back on the same port, with empty books.
  void Start();
  // Every answer to such a method takes so long.
  void Delay(const std::string& method, std::int64_t ms) const;
  // Only so many requests a second are taken; the others are answered 429 with Retry-After.
  void Limit(long per_s) const;
  // Requests that came since `Limit`, 429s among them.
  long Requests() const;
  // Whether each order was charged once, and how many orders there are.
  struct Books {
    long orders = 0;
    long charged_twice = 0;
    long not_charged = 0;
  };
  Books Audit() const;

 private:
  Json Ask(const std::string& path, const Json& body = nullptr) const;  // Its control API.

  const int port_;
  std::string api_url_;
  std::unique_ptr<testing::ChildProcess> process_;
};

class Replica {
 public:
  // Starts with these arguments, on this port or a free one.
  Replica(const Upstream& upstream, std::vector<std::string> arguments, int port = 0);

  // "127.0.0.1:PORT", the same after a restart.
  const std::string& address() const { return address_; }
  // SIGTERM, the end of the program, and a new one in its place; the exit code.
  int Restart();
  int Stop() { return process_->Stop(); }

  // Resident memory now, and the most it ever was, by the kernel's own account.
  double MemoryMiB() const { return StatusMiB("VmRSS:"); }
  double MemoryPeakMiB() const { return StatusMiB("VmHWM:"); }
  // From here on the most is measured anew.
  void ForgetMemoryPeak() const;

 private:
  void Start();
  double StatusMiB(const std::string& name) const;

  const std::string api_url_;
  const std::string address_;
  std::vector<std::string> arguments_;
  std::unique_ptr<testing::ServerProcess> process_;
};

// Two replicas with mutual TLS and the Envoy of docs/mesh in front of them.
class Mesh {
 public:
  // Writes the files of the mesh to `directory`; `files` is the program that does.
  Mesh(std::string envoy, const std::string& files, std::string directory);
  // Starts both replicas and Envoy, and ends what ran before.
  void Start(const Upstream& upstream, const std::vector<std::string>& arguments);
  // What callers call: "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  Replica& replica(int i) { return *replicas_.at(static_cast<std::size_t>(i)); }
  // A counter of Envoy's; 0 where it has none.
  long Stat(const std::string& name) const;

 private:
  std::string Ask(const std::string& path) const;

  const std::string envoy_;
  const std::string directory_;
  std::vector<int> ports_;
  std::string address_;
  std::string admin_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<testing::ChildProcess> process_;
};

}  // namespace msp::load
