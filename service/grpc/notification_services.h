// SPDX-License-Identifier: Apache-2.0

// What the calls about notifications work with: the event core, the receiver, the sites. Owned by
// main; null where a server takes no part in it.
#pragma once

#include "service/codec/message_schema.h"
#include "service/payments/sites.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/webhooks/notification_receiver.h"
#include "service/webhooks/order_watch_registry.h"

namespace msp::server {

struct NotificationServices {
  webhooks::OrderWatchRegistry& registry;
  webhooks::NotificationReceiver& receiver;
  payments::Sites& sites;
  bool certificates;              // Clients show them, and sites may be bound to them.
  const codec::SchemaSet& plans;  // Of the requests of both calls.
  telemetry::Log& log;
  telemetry::Metrics& metrics;
};

}  // namespace msp::server
