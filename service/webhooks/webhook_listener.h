// SPDX-License-Identifier: Apache-2.0

// The HTTP port for MultiSafepay's notifications: POST /webhook and /webhook/SITE, and the same by
// GET. Nothing is trusted before its signature is checked. A proxy in front terminates TLS and
// absorbs slow or numerous clients; here are only cpp-httplib's time limits and a bound on the
// body.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/http_port.h"
#include "service/telemetry/log.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/notification_receiver.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

// The references outlive the port.
struct WebhookDependencies {
  NotificationReceiver& receiver;
  SiteFinder sites;
  Counters& counters;
  telemetry::Log& log;
};

// Binds `listen` as HttpPort does and serves notifications on its threads.
absl::StatusOr<std::unique_ptr<HttpPort>> ListenForWebhooks(const std::string& listen,
                                                            WebhookDependencies dependencies);

}  // namespace msp::webhooks
