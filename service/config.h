// Everything that can be set from outside, loaded once at start and checked. Flags beat environment
// variables
// (`MSP_` and the upper-case name), which beat the defaults; `--help` lists them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/config_notify.h"
#include "service/keys.h"
#include "service/psp/sites.h"
#include "service/server/port_limits.h"
#include "service/server/tls_files.h"
#include "service/telemetry/log.h"

namespace msp {

struct Config {
  std::string listen;
  bool allow_plaintext = false;           // Of the gRPC port.
  bool allow_plaintext_upstream = false;  // Of api_url.
  std::string api_url;                    // A base URL, or "sandbox".
  KeySource keys;
  std::vector<psp::SiteSetting> sites;  // As the files say them at the start.
  server::TlsFiles tls;                 // No files: no TLS.
  server::PortLimits limits;
  std::int64_t reload_ms = 1'000;
  int http_workers = 1;
  int http_connections_max = 1024;
  int http_queue_max = 4096;
  std::int64_t upstream_timeout_ms = 30'000;
  bool http2 = false;
  std::string proxy;
  std::string upstream_ca_file;
  std::int64_t drain_delay_ms = 2'000;
  std::int64_t drain_timeout_ms = 40'000;
  std::int64_t call_max_ms = 33'000;
  std::string notification_url;
  bool idempotency_marker = true;
  std::int64_t settle_ms = 2'000;
  std::int64_t refund_pause_s = 0;
  std::int64_t reconcile_backoff_ms = 200;
  std::string lease = "local";  // Or redis://host:port.
  telemetry::Level log_level = telemetry::Level::kInfo;
  bool log_json = true;
  bool log_personal_data = false;
  bool scrub_memory = false;
  bool allow_dumps = false;
  std::string ops_listen = "127.0.0.1:9464";  // Empty: no port, and nothing is counted.
  std::string audit_log_file;                 // Empty: none.
  bool audit_flush = false;
  bool trace = true;
  bool trace_spans = false;
  NotifyConfig notify;
  bool check = false;  // Print the settings and leave.
};

// What the command line asked for besides settings.
enum class Ask : std::uint8_t { kServe, kHelp, kVersion };

// Reads environment and arguments into the flags. An error names the setting.
absl::StatusOr<Ask> ParseSettings(int argc, char** argv);

// The parsed settings, checked: an error is one line that names the setting and the way out.
// Reads the key file; wipes MSP_API_KEY from the environment.
absl::StatusOr<Config> LoadConfig();

// The text of --help, and the settings with secrets masked for --check.
std::string HelpText();
std::string Describe(const Config& config);

}  // namespace msp
