// SPDX-License-Identifier: Apache-2.0

// Wires notifications and watching: the order watch registry with its thread, the receiver, the
// listener, MultiSafepay's event streams, and their metrics. Built by main after the API and
// destroyed before it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/config/config.h"
#include "service/payments/api.h"
#include "service/payments/sites.h"
#include "service/rpc/notification_services.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"

namespace msp {

class WebhookWiring {
 public:
  WebhookWiring(const Config& config, payments::Api& api, payments::EventAccessTable& event_access,
                payments::Sites& sites, telemetry::Log& log, telemetry::Metrics& metrics);
  ~WebhookWiring();
  WebhookWiring(const WebhookWiring&) = delete;
  WebhookWiring& operator=(const WebhookWiring&) = delete;

  const rpc::NotificationServices& notification_services() const;
  // Serves --webhook_listen where it is set. An error names the setting.
  absl::Status Listen(const Config& config);
  // The listener's address; "" for none.
  const std::string& listening() const;
  // Ends the callers' streams and MultiSafepay's: callers continue on another replica. The listener
  // stays.
  void Drain();
  // Stops the listener. Called before the HTTP pool stops.
  void Stop();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace msp
