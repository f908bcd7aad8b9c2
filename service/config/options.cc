// SPDX-License-Identifier: Apache-2.0

#include "service/config/options.h"

namespace msp {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

}  // namespace

std::vector<Option> OptionsOf(Config& c) {
  return {
      {"listen", &c.listen,
       "gRPC address, host:port; port 0 picks a free one and the ready line says which; or "
       "unix:PATH, a socket for processes of this machine alone"},
      {"listen_mode", &c.listen_mode, "mode of that path, octal: who may write may connect"},
      {"listen_owner", &c.listen_owner,
       "owner of that path, user, user:group or :group; the process's own when empty"},
      {"allow_plaintext", &c.allow_plaintext,
       "serve without TLS on a non-loopback address: for a mesh whose sidecar ends TLS"},
      {"allow_plaintext_upstream", &c.allow_plaintext_upstream,
       "reach MultiSafepay at an http:// address that is not the loopback: cards and the key go in "
       "clear to whatever is there"},
      {"tls_cert_file", &c.tls.cert_file,
       "PEM certificate chain of the gRPC port; with tls_key_file, read again when it changes"},
      {"tls_key_file", &c.tls.key_file, "PEM key of tls_cert_file, without a pass phrase"},
      {"tls_client_ca_file", &c.tls.client_ca_file,
       "PEM certificates of the authorities whose clients may connect; empty: clients show no "
       "certificate"},
      {"api_url", &c.api_url,
       "MultiSafepay: test, live, sandbox (an in-process stand-in) or a base URL such as "
       "http://127.0.0.1:8080/v1/json; no default, a payment service must not guess"},
      {"api_key_file", &c.keys.api_key_file,
       "file that holds the site's API key, read again when it changes; or set MSP_API_KEY. Never "
       "a "
       "flag value: it would show in ps"},
      {"sites_file", &c.keys.sites_file,
       "JSON file of several sites, each with a name, a key_file and, where wanted, "
       "previous_key_file, in_flight_max, calls_per_s and identities (names in client "
       "certificates); callers pick one with the metadata key x-msp-site. Instead of api_key_file; "
       "read again when it or a key changes"},
      {"reload_ms", &c.reload_ms,
       "how often keys, sites and certificates are read, in milliseconds; a change counts when two "
       "reads agree, or at once after SIGHUP",
       50, kHourMs},
      {"threads", &c.threads,
       "threads that serve calls, each with its own connections to MultiSafepay; 0 is the cores "
       "that "
       "the process or its control group may use",
       0, kThreadsMax},
      {"http_connections_max", &c.http_connections_max, "open connections to MultiSafepay", 2,
       65'536},
      {"http_queue_max", &c.http_queue_max,
       "requests that wait for a connection before new ones are refused", 1, 1'000'000},
      {"upstream_timeout_ms", &c.upstream_timeout_ms,
       "the longest one transfer may take, in milliseconds", 100, 600'000},
      {"proxy", &c.proxy,
       "HTTP proxy towards MultiSafepay; the environment's http_proxy is ignored"},
      {"upstream_ca_file", &c.upstream_ca_file,
       "PEM file of the authorities trusted for MultiSafepay; the system's when empty"},
      {"drain_delay_ms", &c.drain_delay_ms,
       "after SIGTERM: how long health says NOT_SERVING while calls are still taken, in "
       "milliseconds",
       0, 600'000},
      {"drain_timeout_ms", &c.drain_timeout_ms,
       "after the drain delay: when a drain that does not end is given up, in milliseconds", 1'000,
       kHourMs},
      {"call_max_ms", &c.call_max_ms,
       "the longest a unary call may take, with or without a deadline of its own, in milliseconds, "
       "below drain_timeout_ms",
       100, kHourMs},
      {"connection_age_ms", &c.limits.connection_age_ms,
       "after this long a client's connection takes no new calls and the client makes another, so "
       "that a drain loses none; in milliseconds, 0: never",
       0, kHourMs},
      {"connections_max", &c.limits.connections_max,
       "clients' connections to the gRPC port at a time; one more is closed at once", 1, 1'000'000},
      {"streams_max", &c.limits.streams_max,
       "calls at a time on one connection; further ones wait at the client", 1, 100'000},
      {"memory_quota_mib", &c.limits.memory_quota_mib,
       "gRPC's resource quota: the memory of callers' connections and of calls that are being "
       "read, "
       "some 12 KiB a call, in MiB",
       16, 1 << 20},
      {"metadata_max_bytes", &c.limits.metadata_max_bytes, "the metadata of one call, in bytes",
       1'024, 1 << 20},
      {"notification_url", &c.notification_url,
       "fills payment_options.notification_url, with POST, where an order has none"},
      {"apple_pay_hosts", &c.apple_pay_hosts,
       "domains that the validation URL of CreateApplePaySession may lead to, separated by commas: "
       "MultiSafepay sends its request to whatever address the URL has"},
      {"idempotency_marker",
       &c.idempotency_marker_mode,
       "auto: an order carries its idempotency key in custom_info.custom_3 or var1, whichever the "
       "caller left free; off: it does not, and after a lost answer the outcome stays unknown more "
       "often",
       0,
       0,
       {"auto", "off"}},
      {"settle_ms", &c.settle_ms,
       "after a lost answer: how long an order that is not there may still appear, in milliseconds",
       0, 60'000},
      {"refund_pause_s", &c.refund_pause_s,
       "seconds for which a second refund of the same amount is held back; MultiSafepay refuses it "
       "for 300, 0 sends it all the same",
       0, 3'600},
      {"reconcile_backoff_ms", &c.reconcile_backoff_ms,
       "after a lost answer: the first wait between two reads of the order, doubling, in "
       "milliseconds",
       1, 10'000},
      {"lease", &c.lease,
       "local: one money-moving call per order at a time in this process; redis://host:port: "
       "across "
       "all replicas that use it"},
      {"log_level",
       &c.log_level_name,
       "how much is logged",
       0,
       0,
       {"debug", "info", "warning", "error"}},
      {"log_format", &c.log_format, "text is for people", 0, 0, {"json", "text"}},
      {"log_personal_data", &c.log_personal_data,
       "names, addresses and the like are shown in logs instead of masked; cards never are"},
      {"scrub_memory", &c.scrub_memory,
       "whatever the process frees is overwritten first, and idle connections of callers are "
       "closed: no card outlives its call in memory; costs some CPU"},
      {"connection_idle_ms", &c.limits.connection_idle_ms,
       "a client's connection without calls is closed after this long, in milliseconds; 0: never, "
       "or "
       "1000 with --scrub_memory",
       0, kHourMs},
      {"allow_dumps", &c.allow_dumps,
       "for tests: core files, debuggers and /proc/PID/mem stay possible, and cards show there"},
      {"ops_listen", &c.ops_listen,
       "HTTP for operators, host:port: /metrics, /livez, /readyz, /statusz; port 0 picks a free "
       "one "
       "and the ready line says which; off: no port, and nothing is counted"},
      {"audit_log_file", &c.audit_log_file,
       "file that gets one JSON line for each call that could move money; it is only appended to"},
      {"audit_flush", &c.audit_flush,
       "the audit line of a call is on disk before its reply goes out, or a second has passed"},
      {"trace",
       &c.trace_mode,
       "propagate: W3C trace context is taken from callers and handed on to MultiSafepay; spans: "
       "and "
       "a log line for each hop of a sampled trace",
       0,
       0,
       {"off", "propagate", "spans"}},
      {"webhook_listen", &c.webhooks.webhook_listen,
       "HTTP for MultiSafepay's notifications, host:port: POST /webhook, or /webhook/SITE; port 0 "
       "picks a free one and the ready line says which; empty: no port. TLS ends in front of it"},
      {"webhook_window_s", &c.webhooks.webhook_window_s,
       "seconds after which a notification is taken for a replay", 1, 86'400},
      {"events", &c.webhooks.events,
       "memory: watchers get notifications that reach this replica; redis://host:port: those that "
       "reach any replica that uses it"},
      {"watchers_max", &c.webhooks.watchers_max, "streams of WatchOrder that may be open at once",
       1, 1'000'000},
      {"watch_poll_first_ms", &c.webhooks.watch_poll_first_ms,
       "a watched order that is open: the first wait between two reads of it, doubling, in "
       "milliseconds",
       500, kHourMs},
      {"watch_poll_max_ms", &c.webhooks.watch_poll_max_ms,
       "and the longest, in milliseconds, not below watch_poll_first_ms", 500, kHourMs},
      {"watch_quiet_ms", &c.webhooks.watch_quiet_ms,
       "how long a stream stays open at DECLINED, EXPIRED or CANCELLED, which can still become "
       "PAID, in milliseconds",
       0, kHourMs},
      {"event_streams", &c.webhooks.event_streams,
       "a watched order whose answers brought events_token and events_stream_url is read when "
       "MultiSafepay's event stream says so; polling goes on underneath"},
      {"event_streams_max", &c.webhooks.event_streams_max,
       "event streams that are read at once; further orders are polled", 1, 10'000},
      {"event_stream_hosts", &c.webhooks.event_stream_hosts,
       "domains, separated by commas, that an event stream's https address may be in, besides the "
       "API's own address: its token goes there"},
      {"check", &c.check, "check the settings, print them with secrets masked, and exit"},
      {.name = "http2", .value = &c.withdrawn_http2, .withdrawn = true},
      {.name = "http_workers",
       .value = &c.withdrawn_http_workers,
       .min = 1,
       .max = 64,
       .withdrawn = true},
  };
}

}  // namespace msp
