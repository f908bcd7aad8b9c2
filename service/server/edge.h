// What the calls about notifications work with: the event core, the inbox, the sites. Owned by
// main; null where a server takes no part in it.
#pragma once

#include "service/codec/plan.h"
#include "service/notify/hub.h"
#include "service/notify/inbox.h"
#include "service/psp/sites.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"

namespace msp::server {

struct Edge {
  notify::Hub& hub;
  notify::Inbox& inbox;
  psp::Sites& sites;
  bool certificates;            // Clients show them, and sites may be bound to them.
  const codec::PlanSet& plans;  // Of the requests of both calls.
  telemetry::Log& log;
  telemetry::Metrics& metrics;
};

}  // namespace msp::server
