// SPDX-License-Identifier: Apache-2.0

// The HTTP port for MultiSafepay's notifications: POST /webhook and /webhook/SITE, and the same by
// GET. Nothing is trusted before its signature is checked. A proxy in front terminates TLS and
// absorbs slow or numerous clients; here are only cpp-httplib's time limits and a bound on the
// body.
//
// Owned by main, outlived by the receiver. Serves on its own threads.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/telemetry/log.h"
#include "service/webhooks/counters.h"
#include "service/webhooks/notification_receiver.h"
#include "service/webhooks/sites.h"

namespace msp::webhooks {

class WebhookListener {
 public:
  struct Parts {
    NotificationReceiver& receiver;
    SiteFinder sites;
    Counters& counters;
    telemetry::Log& log;
  };

  // Binds `listen` ("host:port"; port 0 picks one) and serves. An address in use is an error.
  static absl::StatusOr<std::unique_ptr<WebhookListener>> Start(const std::string& listen,
                                                                Parts parts);
  // Waits for the last request, some seconds at most.
  ~WebhookListener();
  WebhookListener(const WebhookListener&) = delete;
  WebhookListener& operator=(const WebhookListener&) = delete;

  // "127.0.0.1:8080", with the port that was bound.
  const std::string& listening() const { return listening_; }

 private:
  struct Http;
  explicit WebhookListener(Parts parts);

  const Parts parts_;
  std::string listening_;
  std::unique_ptr<Http> http_;
};

}  // namespace msp::webhooks
