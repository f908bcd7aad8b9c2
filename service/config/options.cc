// SPDX-License-Identifier: Apache-2.0

#include "service/config/options.h"

namespace msp {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

}  // namespace

std::vector<Option> OptionsOf(Config& c) {
  return {
      {"listen", &c.listen,
       "gRPC address, host:port; port 0 picks a free port, shown in the ready line; or unix:PATH, "
       "a socket for processes of this machine only, without TLS"},
      {"listen_mode", &c.listen_mode,
       "mode of that path, octal: users with write permission may connect"},
      {"listen_owner", &c.listen_owner,
       "owner of that path: user, user:group or :group; empty: the process's own"},
      {"allow_plaintext", &c.allow_plaintext,
       "serve without TLS on a non-loopback address: for a mesh whose sidecar terminates TLS"},
      {"allow_plaintext_upstream", &c.allow_plaintext_upstream,
       "reach MultiSafepay at an http:// address beyond the loopback: cards and the API key are "
       "sent in clear text"},
      {"tls_cert_file", &c.tls.cert_file,
       "PEM certificate chain of the gRPC port; requires tls_key_file; both are reloaded when they "
       "change"},
      {"tls_key_file", &c.tls.key_file, "PEM private key of tls_cert_file, without a passphrase"},
      {"tls_client_ca_file", &c.tls.client_ca_file,
       "PEM certificates of the authorities that sign client certificates: mutual TLS; empty: "
       "client certificates are not requested"},
      {"api_url", &c.api_url,
       "MultiSafepay: test, live, sandbox (a simulator inside this process) or a base URL such as "
       "http://127.0.0.1:8080/v1/json; required: there is no safe default"},
      {"api_key_file", &c.keys.api_key_file,
       "file that holds the site's API key, reloaded when it changes; or set MSP_API_KEY. Never a "
       "flag value, which ps would show"},
      {"sites_file", &c.keys.sites_file,
       "JSON file of several sites, each with a name, a key_file and optionally previous_key_file, "
       "in_flight_max, calls_per_s and identities (names in client certificates); callers select "
       "one by the metadata key x-msp-site. Instead of api_key_file; reloaded when it or a key "
       "changes"},
      {"reload_ms", &c.reload_ms,
       "how often keys, sites and certificates are read, in milliseconds; a change is applied when "
       "two reads agree, or at once after SIGHUP",
       50, kHourMs},
      {"threads", &c.threads,
       "threads that serve calls, each with its own connections to MultiSafepay; 0: the number of "
       "cores that the process or its control group may use",
       0, kThreadsMax},
      {"http_connections_max", &c.http_connections_max, "open connections to MultiSafepay", 2,
       65'536},
      {"http_queue_max", &c.http_queue_max,
       "requests that may wait for a connection before new ones are refused", 1, 1'000'000},
      {"upstream_timeout_ms", &c.upstream_timeout_ms,
       "maximum duration of one transfer, in milliseconds", 100, 600'000},
      {"proxy", &c.proxy,
       "HTTP proxy for connections to MultiSafepay; the environment's http_proxy is ignored"},
      {"upstream_ca_file", &c.upstream_ca_file,
       "PEM file of the authorities trusted for MultiSafepay; empty: the system's"},
      {"drain_delay_ms", &c.drain_delay_ms,
       "after SIGTERM: how long calls are still accepted while health reports NOT_SERVING, in "
       "milliseconds",
       0, 600'000},
      {"drain_timeout_ms", &c.drain_timeout_ms,
       "after the drain delay, once connections have reached their maximum age: maximum duration "
       "of the shutdown, after which the process exits with an error; in milliseconds",
       1'000, kHourMs},
      {"call_max_ms", &c.call_max_ms,
       "maximum duration of a unary call, with or without a deadline of its own, in milliseconds; "
       "below drain_timeout_ms",
       100, kHourMs},
      {"connection_age_ms", &c.limits.connection_age_ms,
       "maximum connection age, in milliseconds: then the client gets GOAWAY and reconnects, so "
       "that a drain loses no calls; a drain has to outlast it; 0: unlimited",
       0, kHourMs},
      {"connections_max", &c.limits.connections_max,
       "maximum number of client connections to the gRPC port; further ones are closed at once; "
       "each needs an open file",
       1, 1'000'000},
      {"streams_max", &c.limits.streams_max,
       "concurrent calls on one connection; further ones wait at the client", 1, 100'000},
      {"memory_quota_mib", &c.limits.memory_quota_mib,
       "gRPC's resource quota: the memory of client connections and of requests being received, "
       "about 12 KiB per call, in MiB",
       16, 1 << 20},
      {"metadata_max_bytes", &c.limits.metadata_max_bytes,
       "maximum size of a call's metadata, in bytes", 1'024, 1 << 20},
      {"notification_url", &c.notification_url,
       "default for orders without a notification_url; MultiSafepay then notifies it by POST"},
      {"apple_pay_hosts", &c.apple_pay_hosts,
       "allowed domains for the validation URL of CreateApplePaySession, separated by commas: "
       "MultiSafepay sends a request to that URL"},
      {"idempotency_marker",
       &c.idempotency_marker_mode,
       "auto: an order carries its idempotency key in custom_info.custom_3 or var1, whichever the "
       "caller left free; off: it does not, and lost answers stay UNKNOWN more often",
       0,
       0,
       {"auto", "off"}},
      {"settle_ms", &c.settle_ms,
       "after a lost answer: how long an absent order may still appear, in milliseconds", 0,
       60'000},
      {"refund_pause_s", &c.refund_pause_s,
       "seconds for which a second refund of the same amount is refused; MultiSafepay refuses it "
       "for 300; 0: sent anyway",
       0, 3'600},
      {"reconcile_backoff_ms", &c.reconcile_backoff_ms,
       "after a lost answer: first backoff between two lookups of the order, doubling, in "
       "milliseconds",
       1, 10'000},
      {"lease", &c.lease,
       "local: one payment call per order at a time within this process; redis://host:port: across "
       "all replicas that use it"},
      {"log_level",
       &c.log_level_name,
       "lowest level that is logged",
       0,
       0,
       {"debug", "info", "warning", "error"}},
      {"log_format",
       &c.log_format,
       "format of log lines; text is for reading by people",
       0,
       0,
       {"json", "text"}},
      {"log_personal_data", &c.log_personal_data,
       "show names, addresses and other personal data in logs instead of masking them; cards are "
       "always masked"},
      {"scrub_memory", &c.scrub_memory,
       "overwrite memory before it is freed, and close idle client connections: no card outlives "
       "its call in memory; costs some CPU"},
      {"connection_idle_ms", &c.limits.connection_idle_ms,
       "idle timeout of client connections, in milliseconds; 0: none, or 1000 with --scrub_memory",
       0, kHourMs},
      {"allow_dumps", &c.allow_dumps,
       "for tests: allow core files, debuggers and /proc/PID/mem, which expose cards"},
      {"ops_listen", &c.ops_listen,
       "HTTP for operators, host:port: /metrics, /livez, /readyz, /statusz; port 0 picks a free "
       "port, shown in the ready line; off: no port and no metrics"},
      {"audit_log_file", &c.audit_log_file,
       "file, append-only, that gets one JSON line for each call that could move money"},
      {"audit_flush", &c.audit_flush,
       "flush the audit line to disk before the reply is sent, waiting up to 1 s"},
      {"trace",
       &c.trace_mode,
       "propagate: W3C trace context is accepted from callers and propagated to MultiSafepay; "
       "spans: also a log line for each hop of a sampled trace",
       0,
       0,
       {"off", "propagate", "spans"}},
      {"webhook_listen", &c.webhooks.webhook_listen,
       "HTTP for MultiSafepay's notifications, host:port: POST /webhook, or /webhook/SITE; port 0 "
       "picks a free port, shown in the ready line; empty: no port. Terminate TLS in front of it"},
      {"webhook_window_s", &c.webhooks.webhook_window_s,
       "seconds after which a notification is rejected as a replay", 1, 86'400},
      {"events", &c.webhooks.events,
       "memory: watchers get notifications that reach this replica; redis://host:port: "
       "notifications that reach any replica that uses it"},
      {"watchers_max", &c.webhooks.watchers_max,
       "concurrent streams of WatchOrder; further ones are refused", 1, 1'000'000},
      {"watch_poll_first_ms", &c.webhooks.watch_poll_first_ms,
       "first interval between two reads of a watched order that is open, doubling, in "
       "milliseconds",
       500, kHourMs},
      {"watch_poll_max_ms", &c.webhooks.watch_poll_max_ms,
       "the longest interval between two reads, in milliseconds; not below watch_poll_first_ms",
       500, kHourMs},
      {"watch_quiet_ms", &c.webhooks.watch_quiet_ms,
       "how long a stream stays open at DECLINED, EXPIRED or CANCELLED, which can still become "
       "PAID, in milliseconds",
       0, kHourMs},
      {"event_streams", &c.webhooks.event_streams,
       "read a watched order on events of MultiSafepay's stream, if its answers brought "
       "events_token and events_stream_url; polling continues"},
      {"event_streams_max", &c.webhooks.event_streams_max,
       "concurrent event streams; further orders are polled", 1, 10'000},
      {"event_stream_hosts", &c.webhooks.event_stream_hosts,
       "domains, separated by commas, that an event stream's https address may be in, besides the "
       "API's own address: its token is sent there"},
      {"check", &c.check, "validate the settings, print them with secrets masked, and exit"},
      {.name = "http2", .value = &c.withdrawn_http2, .withdrawn = true},
      {.name = "http_workers",
       .value = &c.withdrawn_http_workers,
       .min = 1,
       .max = 64,
       .withdrawn = true},
  };
}

}  // namespace msp
