// SPDX-License-Identifier: Apache-2.0

#include "service/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/host.h"
#include "service/base/redis.h"
#include "service/config/config_access.h"
#include "service/config/cores.h"
#include "service/config/options.h"
#include "service/settings/environment.h"
#include "service/settings/setting.h"

namespace msp {
namespace {

constexpr std::string_view kTestUrl = "https://testapi.multisafepay.com/v1/json";
constexpr std::string_view kLiveUrl = "https://api.multisafepay.com/v1/json";

absl::StatusOr<std::string> ApiUrl(std::string url, bool allow_plaintext_upstream) {
  if (url.empty()) return Invalid("api_url", "is required: test, live, sandbox or a base URL");
  if (url == "test") return std::string(kTestUrl);
  if (url == "live") return std::string(kLiveUrl);
  if (url == "sandbox") {
#ifdef MSP_WITH_SANDBOX
    return url;
#else
    return Invalid("api_url",
                   "this build does not include the sandbox; run msp-sandbox and set its URL");
#endif
  }
  const bool plain = absl::StartsWith(url, "http://");
  if (!plain && !absl::StartsWith(url, "https://")) {
    return Invalid("api_url",
                   "must be test, live, sandbox or start with https:// (http:// on loopback)");
  }
  if (url.find_first_of(" \t\r\n?#@") != std::string::npos || HostOf(url).empty()) {
    return Invalid("api_url",
                   "is not a base URL: it requires a host, and accepts neither user nor query");
  }
  if (plain && !IsLoopback(HostOf(url)) && !allow_plaintext_upstream) {
    return Invalid("api_url",
                   "would send cards without TLS; use https://, the loopback address of a sidecar "
                   "that originates TLS, or --allow_plaintext_upstream");
  }
  while (absl::EndsWith(url, "/")) url.pop_back();
  return url;
}

absl::Status CheckListen(const Config& config) {
  if (config.listen_mode.size() > 4 ||
      config.listen_mode.find_first_not_of("01234567") != std::string::npos)
    return Invalid("listen_mode", "must be octal, such as 0660");
  // Only processes of this machine can connect to a path, restricted by its mode.
  if (absl::StartsWith(config.listen, "unix:")) {
    if (config.listen.size() == 5) return Invalid("listen", "has no path after unix:");
    return absl::OkStatus();
  }
  if (!IsHostAndPort(config.listen))
    return Invalid("listen", "must be host:port, such as 127.0.0.1:50051, or unix:PATH");
  const std::size_t colon = config.listen.rfind(':');
  if (config.tls.cert_file.empty() && !config.allow_plaintext &&
      !IsLoopback(std::string_view(config.listen).substr(0, colon))) {
    return Invalid("listen",
                   "a non-loopback address requires --tls_cert_file and --tls_key_file, or "
                   "--allow_plaintext where a mesh's sidecar terminates TLS");
  }
  return absl::OkStatus();
}

// Checks combinations of options.
absl::Status CheckTogether(const Config& config) {
  RedisAddress redis;
  const WebhookConfig& webhooks = config.webhooks;
  if (config.call_max_ms >= config.drain_timeout_ms)
    return Invalid("call_max_ms",
                   "must be below drain_timeout_ms, so that a drain outlasts every call");
  // As Server::CloseListener waits: gRPC spreads the ages by a tenth.
  const std::int64_t age_max = ((config.drain_timeout_ms - 1'000) * 10 + 9) / 11;
  if (config.drain_delay_ms > 0 && config.limits.connection_age_ms > age_max)
    return Invalid("connection_age_ms",
                   absl::StrCat("must be at most ", age_max,
                                " with drain_timeout_ms=", config.drain_timeout_ms,
                                ", so that a drain outlasts every connection; 0: no age"));
  if (config.lease != "local" && !ParseRedisUrl(config.lease, &redis))
    return Invalid("lease", "must be local or redis://host:port");
  if (webhooks.events != "memory" && !ParseRedisUrl(webhooks.events, &redis))
    return Invalid("events", "must be memory or redis://host:port");
  if (!config.upstream_ca_file.empty() && ::access(config.upstream_ca_file.c_str(), R_OK) != 0)
    return Invalid("upstream_ca_file", absl::StrCat("cannot read ", config.upstream_ca_file));
  if (config.ops_listen != "off" && !IsHostAndPort(config.ops_listen))
    return Invalid("ops_listen", "must be host:port, such as 127.0.0.1:9464, or off");
  if (!webhooks.webhook_listen.empty() && !IsHostAndPort(webhooks.webhook_listen))
    return Invalid("webhook_listen", "must be host:port, such as 127.0.0.1:8080, or empty");
  if (config.audit_flush && config.audit_log_file.empty())
    return Invalid("audit_flush", "requires --audit_log_file");
  if (webhooks.watch_poll_max_ms < webhooks.watch_poll_first_ms)
    return Invalid("watch_poll_max_ms",
                   absl::StrCat("is ", webhooks.watch_poll_max_ms,
                                ", but must not be below watch_poll_first_ms, ",
                                webhooks.watch_poll_first_ms));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CommandLineAction> ParseSettings(int argc, char** argv, Config& config) {
  const std::vector<Option> options = OptionsOf(config);
  const absl::Status environment = ReadEnvironment(options);
  absl::StatusOr<CommandLineAction> asked = ReadArguments(options, argc, argv);
  if (asked.ok() && *asked == CommandLineAction::kRun && !environment.ok()) return environment;
  return asked;
}

absl::StatusOr<Config> LoadConfig(Config config) {
  for (const Option& option : OptionsOf(config)) {
    if (option.name != "check" && !option.withdrawn)
      absl::StrAppend(&config.described, Absl(option.name), "=", RedactedValue(option.Text()),
                      "\n");
  }
  if (absl::Status checked = CheckTogether(config); !checked.ok()) return checked;
  if (config.withdrawn_http2)
    config.warnings.emplace_back("--http2 is withdrawn: requests use HTTP/1.1");
  if (config.withdrawn_http_workers != 1)
    config.warnings.emplace_back(
        "--http_workers is withdrawn: --threads sets the threads of calls and requests");
  if (config.threads == 0) config.threads = std::min(CoresOfProcess(), kThreadsMax);
  // Each thread has at least two connections, one for reads and one for writes.
  config.threads = std::min(config.threads, config.http_connections_max / 2);
  telemetry::ParseLevel(config.log_level_name, &config.log_level);
  config.log_json = config.log_format == "json";
  config.idempotency_marker = config.idempotency_marker_mode == "auto";
  config.trace = config.trace_mode != "off";
  config.trace_spans = config.trace_mode == "spans";
  if (config.ops_listen == "off") config.ops_listen.clear();
  // gRPC keeps the last bytes that it read until the connection closes.
  if (config.scrub_memory && config.limits.connection_idle_ms == 0)
    config.limits.connection_idle_ms = 1'000;
  absl::StatusOr<std::string> url = ApiUrl(config.api_url, config.allow_plaintext_upstream);
  if (!url.ok()) return url.status();
  config.api_url = *std::move(url);
  if (absl::Status access = LoadAccess(config); !access.ok()) return access;
  if (absl::Status listen = CheckListen(config); !listen.ok()) return listen;
  return config;
}

std::string HelpText() {
  std::string text =
      "msp-server: takes card payments through MultiSafepay over gRPC.\n\n"
      "Usage: MSP_API_KEY=... msp-server --api_url=test|live|sandbox|URL [--setting=value ...]\n"
      "Try it: msp-server --api_url=sandbox\n"
      "When it is ready, it prints one JSON line with its addresses. SIGTERM drains and stops it."
      "\n\n"
      "Every setting is also an environment variable: --log_level is MSP_LOG_LEVEL. Flags take "
      "precedence. An unknown variable that begins with MSP_ is an error.\n\n";
  Config defaults;
  absl::StrAppend(&text, HelpOf(OptionsOf(defaults)), "  --help, --version\n");
  return text;
}

std::string Describe(const Config& config) {
  std::string text = config.described;
  absl::StrAppend(&text, "api_url resolves to ", config.api_url, "\n");
  for (const payments::SiteSetting& site : config.sites)
    absl::StrAppend(&text, "site ", site.name, ": api key of ", site.api_key.size(),
                    " characters, masked\n");
  return text;
}

}  // namespace msp
