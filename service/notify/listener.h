// The HTTP port for MultiSafepay's notifications: POST /webhook and /webhook/SITE, and the same by
// GET. Nothing is believed before its signature is checked. TLS, and clients that are slow or many,
// end in front of it: here are cpp-httplib's time limits and a bound on the body.
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
  // Ends when the last request has, within seconds.
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
