// SPDX-License-Identifier: Apache-2.0

// Wires what operators see of every component: the audit log, collected metrics, the status page,
// the port. Called by main at the start.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "service/config/config.h"
#include "service/config/reload.h"
#include "service/grpc/server.h"
#include "service/grpc/tls.h"
#include "service/http/curl_pool.h"
#include "service/payments/api.h"
#include "service/payments/sites.h"
#include "service/rpc/calls.h"
#include "service/telemetry/audit.h"
#include "service/telemetry/log.h"
#include "service/telemetry/metrics.h"
#include "service/telemetry/ops.h"
#include "service/telemetry/recent_errors.h"

namespace msp {

// The sources of the port's pages. All outlive the port.
struct AdminPort {
  telemetry::Metrics& metrics;
  const http::CurlPool& pool;
  payments::Api& api;
  const rpc::Calls& calls;
  payments::Sites& sites;
  const server::Server& server;
  const Reloader& reloader;
  const server::Tls* tls;  // Null without.
  const telemetry::Log& log;
  const telemetry::Audit* audit;  // Null without --audit_log_file.
  const telemetry::RecentErrors& recent;
};

// Null without --audit_log_file. An error names the setting.
absl::StatusOr<std::unique_ptr<telemetry::Audit>> OpenAudit(const Config& config);

// Adds the collected metrics and serves the port; null with --ops_listen=off. An error names the
// setting.
absl::StatusOr<std::unique_ptr<telemetry::OpsServer>> StartOps(const Config& config,
                                                               const AdminPort& admin);

}  // namespace msp
