// The HTTP port for MultiSafepay's notifications: POST /webhook and /webhook/SITE, and the same by
// GET. Whoever reaches it can send anything: nothing is believed before its signature is checked,
// and everything a visitor can take is bounded: bytes, time, connections, looks at orders.
//
// Owned by main, outlived by what it hands notifications to. Serves on threads of its own.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/notify/counters.h"
#include "service/notify/inbox.h"
#include "service/notify/sites.h"
#include "service/telemetry/log.h"

namespace msp::notify {

class Listener {
 public:
  struct Parts {
    Inbox& inbox;
    SiteFinder sites;
    Counters& counters;
    telemetry::Log& log;
  };

  // Binds `listen` ("host:port"; port 0 picks one) and serves. An address in use is an error.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(const std::string& listen, Parts parts);
  // Ends when the last visitor has gone, within the seconds that one is given.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "127.0.0.1:8080", with the port that was bound.
  const std::string& listening() const { return listening_; }

 private:
  struct Http;
  explicit Listener(Parts parts);

  const Parts parts_;
  std::string listening_;
  std::unique_ptr<Http> http_;
};

}  // namespace msp::notify
