// SPDX-License-Identifier: Apache-2.0

// The dependencies of the calls about notifications: the order watch registry, the receiver, the
// sites. Owned by main; null where a server does not serve them.
#pragma once

#include "service/codec/message_schema.h"
#include "service/payments/sites.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/webhooks/notification_receiver.h"
#include "service/webhooks/order_watch_registry.h"

namespace msp::rpc {

struct NotificationServices {
  webhooks::OrderWatchRegistry& registry;
  webhooks::NotificationReceiver& receiver;
  payments::Sites& sites;
  bool certificates;                // Clients present them, and sites may be restricted to them.
  const codec::SchemaSet& schemas;  // Of both calls' requests.
  telemetry::Log& log;
  telemetry::Metrics& metrics;
};

}  // namespace msp::rpc
