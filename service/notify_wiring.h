// Notifications and watching, wired: the event core with its thread, the inbox, the listener, and
// what the operator sees of them. Built by main after the API and torn down before it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/config/config.h"
#include "service/psp/api.h"
#include "service/psp/sites.h"
#include "service/server/edge.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"

namespace msp {

class Notifying {
 public:
  Notifying(const Config& config, psp::Api& api, psp::Sites& sites, telemetry::Log& log,
            telemetry::Metrics& metrics);
  ~Notifying();
  Notifying(const Notifying&) = delete;
  Notifying& operator=(const Notifying&) = delete;

  const server::Edge& edge() const;
  // Serves --webhook_listen, where it is set. An error names the setting.
  absl::Status Listen(const Config& config);
  // The listener's address; "" for none.
  const std::string& listening() const;
  // Ends the streams: their callers go on elsewhere. The listener stays.
  void Drain();
  // Takes no more notifications. Before the pool stops.
  void Stop();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace msp
