// The programs under load: an msp-sandbox as the upstream, which may die and come back on its port,
// and servers on ports that stay the same over restarts. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/testing/server_process.h"

namespace msp::storm {

using Json = nlohmann::json;

class Upstream {
 public:
  // Takes a free port and starts.
  Upstream();

  const std::string& api_url() const { return api_url_; }
  // Dies without a word.
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
  void AddFault(const Json& rule) const;

  const int port_;
  std::string api_url_;
  std::unique_ptr<testing::ChildProcess> process_;
};

class Replica {
 public:
  // Takes a free port and starts, with these arguments.
  Replica(const Upstream& upstream, std::vector<std::string> arguments);

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

}  // namespace msp::storm
