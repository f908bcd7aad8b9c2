// SPDX-License-Identifier: Apache-2.0

// All settings, loaded and checked once at start. options.cc holds the table of the options; flags
// override environment variables (`MSP_` and the upper-case name), which override the defaults
// below.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/tls_files.h"
#include "service/config/credentials.h"
#include "service/event_streams/event_streams.h"
#include "service/grpc/port_limits.h"
#include "service/payments/sites.h"
#include "service/payments/validate.h"
#include "service/settings/option.h"
#include "service/telemetry/log.h"

namespace msp {

struct WebhookConfig {
  std::string webhook_listen;  // Empty: no listener.
  std::int64_t webhook_window_s = 600;
  std::string events = "memory";  // Or redis://host:port.
  std::int64_t watchers_max = 10'000;
  std::int64_t watch_poll_first_ms = 5'000;
  std::int64_t watch_poll_max_ms = 300'000;
  std::int64_t watch_quiet_ms = 5'000;
  bool event_streams = true;
  int event_streams_max = 256;
  std::string event_stream_hosts{event_streams::kEventStreamDomains};
};

inline constexpr int kThreadsMax = 64;

struct Config {
  std::string listen = "127.0.0.1:50051";
  std::string listen_mode = "0660";  // Octal.
  std::string listen_owner;
  bool allow_plaintext = false;           // Of the gRPC port.
  bool allow_plaintext_upstream = false;  // Of api_url.
  std::string api_url;                    // Loaded: a base URL, or "sandbox".
  KeySource keys;
  TlsFiles tls;  // No files: no TLS.
  server::PortLimits limits{.connection_age_ms = 10'000};
  std::int64_t reload_ms = 1'000;
  int threads = 0;  // Loaded: at least 1.
  int http_connections_max = 1024;
  int http_queue_max = 4096;
  std::int64_t upstream_timeout_ms = 30'000;
  std::string proxy;
  std::string upstream_ca_file;
  std::int64_t drain_delay_ms = 2'000;
  std::int64_t drain_timeout_ms = 40'000;
  std::int64_t call_max_ms = 33'000;
  std::string notification_url;
  std::string apple_pay_hosts{payments::kApplePayHosts};
  std::string idempotency_marker_mode = "auto";
  std::int64_t settle_ms = 2'000;
  std::int64_t refund_pause_s = 0;
  std::int64_t reconcile_backoff_ms = 200;
  std::string lease = "local";  // Or redis://host:port.
  std::string log_level_name = "info";
  std::string log_format = "json";
  bool log_personal_data = false;
  bool scrub_memory = false;
  bool allow_dumps = false;
  std::string ops_listen = "127.0.0.1:9464";  // Loaded: empty for no port; then nothing is counted.
  std::string audit_log_file;                 // Empty: none.
  bool audit_flush = false;
  std::string trace_mode = "propagate";
  WebhookConfig webhooks;
  bool check = false;  // Print the settings and exit.
  bool withdrawn_http2 = false;
  int withdrawn_http_workers = 1;

  // Derived from the above by LoadConfig.
  std::vector<payments::SiteSetting> sites;  // From the files at the start.
  bool idempotency_marker = true;
  telemetry::Level log_level = telemetry::Level::kInfo;
  bool log_json = true;
  bool trace = true;
  bool trace_spans = false;
  std::string described;              // "name=value" lines, secrets masked.
  std::vector<std::string> warnings;  // For the log: withdrawn settings.
};

// Reads environment and arguments into `config`. An error names the setting.
absl::StatusOr<CommandLineAction> ParseSettings(int argc, char** argv, Config& config);

// Checks the parsed settings. An error is one line that names the setting and the remedy. Reads the
// key file; removes MSP_API_KEY from the environment.
absl::StatusOr<Config> LoadConfig(Config parsed);

// The text of --help, and the settings with secrets masked for --check.
std::string HelpText();
std::string Describe(const Config& config);

}  // namespace msp
