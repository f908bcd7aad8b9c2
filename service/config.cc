#include "service/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/base/redis.h"
#include "service/config_access.h"
#include "service/environment.h"
#include "service/setting.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:50051",
          "gRPC address, host:port; port 0 picks a free one and the ready line says which");
ABSL_FLAG(bool, allow_plaintext, false,
          "serve without TLS on a non-loopback address: for a mesh whose sidecar ends TLS");
ABSL_FLAG(bool, allow_plaintext_upstream, false,
          "reach MultiSafepay at an http:// address that is not the loopback: cards and the key go "
          "in clear to whatever is there");
ABSL_FLAG(std::string, api_url, "",
          "MultiSafepay: test, live, sandbox (an in-process stand-in) or a base URL such as "
          "http://127.0.0.1:8080/v1/json; "
          "no default, a payment service must not guess");
ABSL_FLAG(std::int32_t, http_workers, 1, "threads that talk to MultiSafepay, 1 to 64");
ABSL_FLAG(std::int32_t, http_connections_max, 1024, "open connections to MultiSafepay, 2 to 65536");
ABSL_FLAG(std::int32_t, http_queue_max, 4096,
          "requests that wait for a connection before new ones are refused, 1 to 1000000");
ABSL_FLAG(std::int64_t, upstream_timeout_ms, 30000,
          "the longest one transfer may take, in milliseconds, 100 to 600000");
ABSL_FLAG(bool, http2, false,
          "offer HTTP/2 to MultiSafepay; HTTP/1.1 keep-alive is the cheaper one");
ABSL_FLAG(std::string, proxy, "",
          "HTTP proxy towards MultiSafepay; the environment's http_proxy is ignored");
ABSL_FLAG(std::string, upstream_ca_file, "",
          "PEM file of the authorities trusted for MultiSafepay; the system's when empty");
ABSL_FLAG(std::int64_t, drain_delay_ms, 2000,
          "after SIGTERM: how long health says NOT_SERVING while calls are still taken, in "
          "milliseconds, 0 to 600000");
ABSL_FLAG(std::int64_t, drain_timeout_ms, 40000,
          "after the drain delay: when a drain that does not end is given up, in milliseconds, "
          "1000 to 3600000");
ABSL_FLAG(std::int64_t, call_max_ms, 33000,
          "the longest a unary call may take, with or without a deadline of its own, in "
          "milliseconds, below drain_timeout_ms");
ABSL_FLAG(std::int64_t, connection_age_ms, 10000,
          "after this long a client's connection takes no new calls and the client makes another, "
          "so that a drain loses none; in milliseconds, 0 (never) to 3600000");
ABSL_FLAG(std::string, idempotency_marker, "auto",
          "auto: an order carries its idempotency key in custom_info.custom_3 or var1, whichever "
          "the caller left free; off: it does "
          "not, and after a lost answer the outcome stays unknown more often");
ABSL_FLAG(std::int64_t, settle_ms, 2000,
          "after a lost answer: how long an order that is not there may still appear, in "
          "milliseconds, 0 to 60000");
ABSL_FLAG(std::int64_t, reconcile_backoff_ms, 200,
          "after a lost answer: the first wait between two looks at the order, doubling, in "
          "milliseconds, 1 to 10000");
ABSL_FLAG(std::int64_t, refund_pause_s, 0,
          "seconds for which a second refund of the same amount is held back; MultiSafepay refuses "
          "it for 300, 0 sends it all the same");
ABSL_FLAG(std::string, notification_url, "",
          "fills payment_options.notification_url, with POST, where an order has none");
ABSL_FLAG(std::string, lease, "local",
          "local: one money-moving call per order at a time in this process; redis://host:port: "
          "across all replicas that use it");
ABSL_FLAG(std::string, log_level, "info", "debug, info, warning or error");
ABSL_FLAG(std::string, log_format, "json", "json, or text for people");
ABSL_FLAG(bool, log_personal_data, false,
          "names, addresses and the like are shown in logs instead of masked; cards never are");
ABSL_FLAG(bool, scrub_memory, false,
          "whatever the process frees is overwritten first, and idle connections of callers are "
          "closed: no card outlives its call in memory; costs some CPU");
ABSL_FLAG(std::int64_t, connection_idle_ms, 0,
          "a client's connection without calls is closed after this long, in milliseconds, 0 to "
          "3600000; 0: never, or 1000 with --scrub_memory");
ABSL_FLAG(bool, allow_dumps, false,
          "for tests: core files, debuggers and /proc/PID/mem stay possible, and cards show there");
ABSL_FLAG(std::string, ops_listen, "127.0.0.1:9464",
          "HTTP for operators, host:port: /metrics, /livez, /readyz, /statusz; port 0 picks a free "
          "one and the ready line says which; off: no port, and nothing is counted");
ABSL_FLAG(std::string, audit_log_file, "",
          "file that gets one JSON line for each call that could move money; it is only appended "
          "to");
ABSL_FLAG(bool, audit_flush, false,
          "the audit line of a call is on disk before its reply goes out, or a second has passed");
ABSL_FLAG(
    std::string, trace, "propagate",
    "propagate: W3C trace context is taken from callers and handed on to MultiSafepay; spans: "
    "and a log line for each hop of a sampled trace; off");
ABSL_FLAG(bool, check, false, "check the settings, print them with secrets masked, and leave");

namespace msp {
namespace {

// In the order of --help.
constexpr auto kSettings = std::to_array<std::string_view>({
    "listen",
    "allow_plaintext",
    "allow_plaintext_upstream",
    "tls_cert_file",
    "tls_key_file",
    "tls_client_ca_file",
    "api_url",
    "api_key_file",
    "sites_file",
    "reload_ms",
    "http_workers",
    "http_connections_max",
    "http_queue_max",
    "upstream_timeout_ms",
    "http2",
    "proxy",
    "upstream_ca_file",
    "drain_delay_ms",
    "drain_timeout_ms",
    "call_max_ms",
    "connection_age_ms",
    "connections_max",
    "streams_max",
    "memory_quota_mib",
    "metadata_max_bytes",
    "notification_url",
    "idempotency_marker",
    "settle_ms",
    "refund_pause_s",
    "reconcile_backoff_ms",
    "lease",
    "log_level",
    "log_format",
    "log_personal_data",
    "scrub_memory",
    "connection_idle_ms",
    "allow_dumps",
    "ops_listen",
    "audit_log_file",
    "audit_flush",
    "trace",
    "check",
});

constexpr std::string_view kTestUrl = "https://testapi.multisafepay.com/v1/json";
constexpr std::string_view kLiveUrl = "https://api.multisafepay.com/v1/json";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// Every setting by its name, those of config_notify.h too.
const std::vector<std::string_view>& AllSettings() {
  static const auto& all = *new std::vector<std::string_view>([] {
    std::vector<std::string_view> names(kSettings.begin(), kSettings.end());
    names.insert(names.end() - 1, kNotifySettings.begin(), kNotifySettings.end());
    return names;
  }());
  return all;
}

absl::CommandLineFlag* FindSetting(std::string_view name) {
  const std::vector<std::string_view>& all = AllSettings();
  if (std::find(all.begin(), all.end(), name) == all.end()) return nullptr;
  return absl::FindCommandLineFlag(Absl(name));
}

absl::Status Set(std::string_view name, std::string_view value) {
  absl::CommandLineFlag* flag = FindSetting(name);
  if (flag == nullptr) return Invalid(Absl(name), "there is no such setting; --help lists them");
  std::string error;
  if (!flag->ParseFrom(Absl(value), &error))
    return Invalid(Absl(name), absl::StrCat("cannot take \"", Absl(value), "\""));
  return absl::OkStatus();
}

absl::Status ReadEnvironment() {
  for (const std::string_view name : AllSettings()) {
    const std::string variable = VariableOf(name);
    const char* value =
        std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): no thread yet
    if (value == nullptr) continue;
    if (absl::Status set = Set(name, value); !set.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(variable, ": ", set.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ApiUrl(bool allow_plaintext_upstream) {
  std::string url = absl::GetFlag(FLAGS_api_url);
  if (url.empty()) return Invalid("api_url", "is required: test, live, sandbox or a base URL");
  if (url == "test") return std::string(kTestUrl);
  if (url == "live") return std::string(kLiveUrl);
  if (url == "sandbox") {
#ifdef MSP_WITH_SANDBOX
    return url;
#else
    return Invalid("api_url", "this build has no sandbox in it; run msp-sandbox and give its URL");
#endif
  }
  const bool plain = absl::StartsWith(url, "http://");
  if (!plain && !absl::StartsWith(url, "https://")) {
    return Invalid("api_url",
                   "must be test, live, sandbox or start with https:// (http:// on loopback)");
  }
  if (url.find_first_of(" \t\r\n?#@") != std::string::npos || HostOf(url).empty()) {
    return Invalid("api_url", "is no base URL: it needs a host and has neither user nor query");
  }
  if (plain && !IsLoopback(HostOf(url)) && !allow_plaintext_upstream) {
    return Invalid("api_url",
                   "would send cards without TLS; use https://, the loopback address of a sidecar "
                   "that begins TLS, or --allow_plaintext_upstream");
  }
  while (absl::EndsWith(url, "/")) url.pop_back();
  return url;
}

absl::Status CheckRanges(const Config& config) {
  const std::vector<absl::Status> checks{
      InRange("http_workers", config.http_workers, 1, 64),
      InRange("http_connections_max", config.http_connections_max, 2, 65'536),
      InRange("http_queue_max", config.http_queue_max, 1, 1'000'000),
      InRange("upstream_timeout_ms", config.upstream_timeout_ms, 100, 600'000),
      InRange("drain_delay_ms", config.drain_delay_ms, 0, 600'000),
      InRange("drain_timeout_ms", config.drain_timeout_ms, 1'000, 3'600'000),
      InRange("refund_pause_s", config.refund_pause_s, 0, 3'600),
      InRange("settle_ms", config.settle_ms, 0, 60'000),
      InRange("reconcile_backoff_ms", config.reconcile_backoff_ms, 1, 10'000),
      InRange("connection_age_ms", config.limits.connection_age_ms, 0, 3'600'000),
      InRange("connection_idle_ms", config.limits.connection_idle_ms, 0, 3'600'000),
      InRange("call_max_ms", config.call_max_ms, 100, 3'600'000)};
  for (const absl::Status& check : checks) {
    if (!check.ok()) return check;
  }
  if (config.call_max_ms >= config.drain_timeout_ms) {
    return Invalid("call_max_ms",
                   "must be below drain_timeout_ms, so that a drain outlasts every call");
  }
  return absl::OkStatus();
}

absl::Status CheckListen(const Config& config) {
  if (!IsHostAndPort(config.listen))
    return Invalid("listen", "must be host:port, such as 127.0.0.1:50051");
  const std::size_t colon = config.listen.rfind(':');
  if (config.tls.cert_file.empty() && !config.allow_plaintext &&
      !IsLoopback(std::string_view(config.listen).substr(0, colon))) {
    return Invalid("listen",
                   "a non-loopback address without TLS needs --tls_cert_file and --tls_key_file, "
                   "or --allow_plaintext where a mesh sidecar ends TLS");
  }
  return absl::OkStatus();
}

// What operators see: the port, the audit log, traces.
absl::Status LoadOperations(Config& config) {
  config.ops_listen = absl::GetFlag(FLAGS_ops_listen);
  if (config.ops_listen == "off") {
    config.ops_listen.clear();
  } else if (!IsHostAndPort(config.ops_listen)) {
    return Invalid("ops_listen", "must be host:port, such as 127.0.0.1:9464, or off");
  }
  config.audit_log_file = absl::GetFlag(FLAGS_audit_log_file);
  config.audit_flush = absl::GetFlag(FLAGS_audit_flush);
  if (config.audit_flush && config.audit_log_file.empty())
    return Invalid("audit_flush", "needs --audit_log_file");
  const std::string trace = absl::GetFlag(FLAGS_trace);
  if (trace != "off" && trace != "propagate" && trace != "spans")
    return Invalid("trace", "must be off, propagate or spans");
  config.trace = trace != "off";
  config.trace_spans = trace == "spans";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Ask> ParseSettings(int argc, char** argv) {
  if (absl::Status read = ReadEnvironment(); !read.ok()) return read;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") return Ask::kHelp;
    if (argument == "--version") return Ask::kVersion;
    if (argument.substr(0, 2) != "--") {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", Absl(argument), "\" is no setting; --help lists them"));
    }
    argument.remove_prefix(2);
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    absl::CommandLineFlag* flag = FindSetting(name);
    std::string_view value = "true";
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (flag != nullptr && !flag->IsOfType<bool>()) {
      if (++i >= argc) return Invalid(Absl(name), "needs a value");
      value = argv[i];
    }
    if (absl::Status set = Set(name, value); !set.ok()) return set;
  }
  if (absl::Status known = CheckEnvironment(AllSettings()); !known.ok()) return known;
  return Ask::kServe;
}

absl::StatusOr<Config> LoadConfig() {
  Config config{
      .listen = absl::GetFlag(FLAGS_listen),
      .allow_plaintext = absl::GetFlag(FLAGS_allow_plaintext),
      .allow_plaintext_upstream = absl::GetFlag(FLAGS_allow_plaintext_upstream),
      .http_workers = absl::GetFlag(FLAGS_http_workers),
      .http_connections_max = absl::GetFlag(FLAGS_http_connections_max),
      .http_queue_max = absl::GetFlag(FLAGS_http_queue_max),
      .upstream_timeout_ms = absl::GetFlag(FLAGS_upstream_timeout_ms),
      .http2 = absl::GetFlag(FLAGS_http2),
      .proxy = absl::GetFlag(FLAGS_proxy),
      .upstream_ca_file = absl::GetFlag(FLAGS_upstream_ca_file),
      .drain_delay_ms = absl::GetFlag(FLAGS_drain_delay_ms),
      .drain_timeout_ms = absl::GetFlag(FLAGS_drain_timeout_ms),
      .call_max_ms = absl::GetFlag(FLAGS_call_max_ms),
      .notification_url = absl::GetFlag(FLAGS_notification_url),
      .settle_ms = absl::GetFlag(FLAGS_settle_ms),
      .refund_pause_s = absl::GetFlag(FLAGS_refund_pause_s),
      .reconcile_backoff_ms = absl::GetFlag(FLAGS_reconcile_backoff_ms),
      .lease = absl::GetFlag(FLAGS_lease),
      .log_personal_data = absl::GetFlag(FLAGS_log_personal_data),
      .scrub_memory = absl::GetFlag(FLAGS_scrub_memory),
      .allow_dumps = absl::GetFlag(FLAGS_allow_dumps),
      .check = absl::GetFlag(FLAGS_check),
  };
  config.limits.connection_age_ms = absl::GetFlag(FLAGS_connection_age_ms);
  config.limits.connection_idle_ms = absl::GetFlag(FLAGS_connection_idle_ms);
  if (!telemetry::ParseLevel(absl::GetFlag(FLAGS_log_level), &config.log_level)) {
    return Invalid("log_level", "must be debug, info, warning or error");
  }
  const std::string marker = absl::GetFlag(FLAGS_idempotency_marker);
  if (marker != "auto" && marker != "off")
    return Invalid("idempotency_marker", "must be auto or off");
  config.idempotency_marker = marker == "auto";
  RedisAddress redis;
  if (config.lease != "local" && !ParseRedisUrl(config.lease, &redis))
    return Invalid("lease", "must be local or redis://host:port");
  const std::string format = absl::GetFlag(FLAGS_log_format);
  if (format != "json" && format != "text") return Invalid("log_format", "must be json or text");
  config.log_json = format == "json";
  if (!config.upstream_ca_file.empty() && ::access(config.upstream_ca_file.c_str(), R_OK) != 0) {
    return Invalid("upstream_ca_file", absl::StrCat("cannot read ", config.upstream_ca_file));
  }
  if (absl::Status ranges = CheckRanges(config); !ranges.ok()) return ranges;
  // gRPC keeps the last bytes that it read for as long as a connection lives.
  if (config.scrub_memory && config.limits.connection_idle_ms == 0)
    config.limits.connection_idle_ms = 1'000;
  if (absl::Status operations = LoadOperations(config); !operations.ok()) return operations;
  if (absl::Status notify = LoadNotifyConfig(config.notify); !notify.ok()) return notify;
  absl::StatusOr<std::string> url = ApiUrl(config.allow_plaintext_upstream);
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
      "When it serves, it prints one JSON line with its addresses. SIGTERM drains and ends it.\n\n"
      "Every setting can also be an environment variable: --http_workers is MSP_HTTP_WORKERS. A "
      "flag beats the variable, and a variable that begins with MSP_ and is no setting stops the "
      "start.\n\n";
  for (const std::string_view name : AllSettings()) {
    const absl::CommandLineFlag* flag = FindSetting(name);
    const std::string standard = flag->DefaultValue();
    absl::StrAppend(&text, "  --", Absl(name), standard.empty() ? "" : "=", standard, "\n      ",
                    flag->Help(), "\n");
  }
  absl::StrAppend(&text, "  --help, --version\n");
  return text;
}

std::string Describe(const Config& config) {
  std::string text;
  for (const std::string_view name : AllSettings()) {
    if (name == "check") continue;
    absl::StrAppend(&text, Absl(name), "=", Shown(FindSetting(name)->CurrentValue()), "\n");
  }
  absl::StrAppend(&text, "api_url resolves to ", config.api_url, "\n");
  for (const psp::SiteSetting& site : config.sites)
    absl::StrAppend(&text, "site ", site.name, ": api key of ", site.api_key.size(),
                    " characters, masked\n");
  return text;
}

}  // namespace msp
