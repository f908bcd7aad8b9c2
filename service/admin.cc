// SPDX-License-Identifier: Apache-2.0

#include "service/admin.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "service/grpc/grpc_log.h"
#include "service/telemetry/process.h"
#include "service/telemetry/status_page.h"
#include "service/version.h"

namespace msp {
namespace {

using telemetry::CollectedMetric;
using Clock = std::chrono::steady_clock;

// For MultiSafepay's answer to the check of a key.
constexpr std::chrono::seconds kKeyCheckTimeout{5};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

absl::Status Named(const char* setting, const absl::Status& status) {
  return {status.code(), absl::StrCat("--", setting, ": ", status.message())};
}

void AddPoolMetrics(telemetry::Metrics& metrics, const http::CurlPool& pool) {
  struct Row {
    const char* name;
    const char* help;
    CollectedMetric::Kind kind;
    const char* label;
    const char* value;
    std::int64_t (*read)(const http::PoolStats& stats);
  };
  using Stats = http::PoolStats;
  constexpr auto kGauge = CollectedMetric::Kind::kGauge;
  constexpr auto kCounter = CollectedMetric::Kind::kCounter;
  constexpr char kInFlight[] = "REST calls in flight.";
  constexpr char kQueued[] = "REST calls that wait for a connection.";
  constexpr char kRefused[] = "REST calls that were refused because the queue was full.";
  constexpr char kConnections[] = "REST calls by their connection: new or reused.";
  const Row rows[] = {
      {"msp_exchanges_in_flight", kInFlight, kGauge, "kind", "write",
       [](const Stats& s) { return s.writes.in_flight; }},
      {"msp_exchanges_in_flight", kInFlight, kGauge, "kind", "read",
       [](const Stats& s) { return s.reads.in_flight; }},
      {"msp_queue_depth", kQueued, kGauge, "kind", "write",
       [](const Stats& s) { return s.writes.queued; }},
      {"msp_queue_depth", kQueued, kGauge, "kind", "read",
       [](const Stats& s) { return s.reads.queued; }},
      {"msp_queue_refused_total", kRefused, kCounter, "kind", "write",
       [](const Stats& s) { return s.writes.refused_full; }},
      {"msp_queue_refused_total", kRefused, kCounter, "kind", "read",
       [](const Stats& s) { return s.reads.refused_full; }},
      {"msp_connections_total", kConnections, kCounter, "connection", "new",
       [](const Stats& s) { return s.connections_new; }},
      {"msp_connections_total", kConnections, kCounter, "connection", "reused",
       [](const Stats& s) { return s.connections_reused; }},
  };
  for (const Row& row : rows) {
    metrics.AddCollected(
        {.name = row.name,
         .help = row.help,
         .kind = row.kind,
         .label_name = row.label,
         .label_value = row.value,
         .read = [&pool, read = row.read] { return static_cast<double>(read(pool.Stats())); }});
  }
}

void AddLogMetrics(const AdminPort& admin) {
  constexpr char kDropped[] = "Lines that were lost because their sink was stuck, slow or full.";
  admin.metrics.AddCollected(
      {.name = "msp_log_lines_dropped_total",
       .help = kDropped,
       .kind = CollectedMetric::Kind::kCounter,
       .label_name = "log",
       .label_value = "calls",
       .read = [&log = admin.log] { return static_cast<double>(log.dropped()); }});
  admin.metrics.AddCollected({.name = "msp_log_lines_dropped_total",
                              .help = kDropped,
                              .kind = CollectedMetric::Kind::kCounter,
                              .label_name = "log",
                              .label_value = "audit",
                              .read = [audit = admin.audit] {
                                return audit == nullptr ? 0.0
                                                        : static_cast<double>(audit->dropped());
                              }});
  admin.metrics.AddCollected(
      {.name = "msp_audit_unflushed_total",
       .help = "Replies that were sent before their audit line was confirmed on disk.",
       .kind = CollectedMetric::Kind::kCounter,
       .read = [audit = admin.audit] {
         return audit == nullptr ? 0.0 : static_cast<double>(audit->unflushed());
       }});
}

// One value for each site.
CollectedMetric OfSites(const AdminPort& admin, const char* name, const char* help,
                        CollectedMetric::Kind kind,
                        double (*value)(const payments::Sites::Fact& fact)) {
  return {.name = name,
          .help = help,
          .kind = kind,
          .label_name = "site",
          .read_each = [&sites = admin.sites, value] {
            std::vector<std::pair<std::string, double>> values;
            for (const payments::Sites::Fact& fact : sites.Facts())
              values.emplace_back(fact.name, value(fact));
            return values;
          }};
}

void AddAccessMetrics(const AdminPort& admin) {
  telemetry::Metrics& metrics = admin.metrics;
  constexpr auto kGauge = CollectedMetric::Kind::kGauge;
  constexpr auto kCounter = CollectedMetric::Kind::kCounter;
  metrics.AddCollected(OfSites(
      admin, "msp_key_changed_timestamp_seconds",
      "When a site's API key last changed as far as this process has seen, in Unix seconds.",
      kGauge, [](const auto& fact) { return fact.key_changed_unix_s; }));
  metrics.AddCollected(
      OfSites(admin, "msp_site_calls_in_flight", "Calls of a site that are in flight.", kGauge,
              [](const auto& fact) { return static_cast<double>(fact.in_flight); }));
  metrics.AddCollected(OfSites(admin, "msp_site_calls_refused_total",
                               "Calls that were refused because of their site's limits.", kCounter,
                               [](const auto& fact) { return static_cast<double>(fact.refused); }));
  metrics.AddCollected({.name = "msp_client_connections",
                        .help = "Client connections to the gRPC port.",
                        .read = [&server = admin.server] {
                          return static_cast<double>(server.connections_open());
                        }});
  metrics.AddCollected(
      {.name = "msp_client_connections_refused_total",
       .help = "Client connections that were closed at once because of --connections_max.",
       .kind = kCounter,
       .read = [&server = admin.server] {
         return static_cast<double>(server.connections_refused());
       }});
  metrics.AddCollected({.name = "msp_tls_handshakes_failed_total",
                        .help = "TLS handshakes that failed.",
                        .kind = kCounter,
                        .read = [] { return static_cast<double>(server::HandshakesFailed()); }});
  metrics.AddCollected(
      {.name = "msp_tls_certificate_expiry_timestamp_seconds",
       .help = "When the certificate of the gRPC port expires, in Unix seconds; 0 without TLS.",
       .read = [tls = admin.tls] { return tls == nullptr ? 0.0 : tls->expiry_unix_s(); }});
  const auto of_reloads = [&](const char* name, const char* help, CollectedMetric::Kind kind,
                              double (*value)(const Reloader::ReloadState& state)) {
    metrics.AddCollected({.name = name,
                          .help = help,
                          .kind = kind,
                          .label_name = "what",
                          .read_each = [&reloader = admin.reloader, value] {
                            std::vector<std::pair<std::string, double>> values;
                            for (const auto& state : reloader.states())
                              values.emplace_back(state->what, value(*state));
                            return values;
                          }});
  };
  of_reloads(
      "msp_reloads_total", "Changes of keys, sites or certificates that were applied.", kCounter,
      [](const Reloader::ReloadState& state) { return static_cast<double>(state.reloads.load()); });
  of_reloads("msp_reload_refused",
             "1 while changed files are invalid and the previous ones are in use.", kGauge,
             [](const Reloader::ReloadState& state) { return state.refused.load() ? 1.0 : 0.0; });
}

void AddMetrics(const AdminPort& admin) {
  telemetry::Metrics& metrics = admin.metrics;
  metrics.AddCollected(
      {.name = "msp_calls_in_flight",
       .help = "Calls that have arrived and not completed.",
       .read = [&calls = admin.calls] { return static_cast<double>(calls.in_flight()); }});
  AddPoolMetrics(metrics, admin.pool);
  AddLogMetrics(admin);
  AddAccessMetrics(admin);
  metrics.AddCollected({.name = "msp_build_info",
                        .help = "Always 1; the label is the running version.",
                        .label_name = "version",
                        .label_value = std::string(kVersion),
                        .read = [] { return 1.0; }});
  telemetry::AddProcessMetrics(metrics);
}

telemetry::StatusFacts::Table UpstreamTable(const std::string& api_url,
                                            const http::PoolStats& stats) {
  const auto share = [](const http::PoolStats::Share& of) {
    return absl::StrCat(of.in_flight, " in flight, ", of.queued, " queued, ", of.refused_full,
                        " refused because the queue was full");
  };
  return {
      {"address", api_url},
      {"writes", share(stats.writes)},
      {"reads", share(stats.reads)},
      {"REST calls completed", absl::StrCat(stats.answered, " answered, ", stats.not_sent,
                                            " not sent, ", stats.unknown, " without an answer")},
      {"connections",
       absl::StrCat(stats.connections_new, " new, ", stats.connections_reused, " reused")}};
}

// Does a harmless read for each site, one after the other.
telemetry::KeyStatus CheckKeys(payments::Api& api, payments::Sites& sites) {
  telemetry::KeyStatus status{.all_taken = true, .text = {}};
  for (const payments::Sites::Fact& fact : sites.Facts()) {
    multisafepay::v1::ListGatewaysRequest request;
    multisafepay::v1::ListGatewaysResponse response;
    payments::Call call{.operation = &api.operations().Find("ListGateways"),
                        .request = &request,
                        .response = &response,
                        .site = sites.Find(fact.name),
                        .start = Clock::now(),
                        .deadline = Clock::now() + kKeyCheckTimeout};
    if (call.site == nullptr) continue;  // The site was just removed.
    std::promise<void> done;
    api.Start(call, [&done] { done.set_value(); });
    done.get_future().wait();
    const bool refused =
        call.failure && (call.failure->code == absl::StatusCode::kUnauthenticated ||
                         call.failure->code == absl::StatusCode::kPermissionDenied);
    status.all_taken = status.all_taken && !call.failure;
    absl::StrAppend(&status.text, "site ", fact.name, ": ",
                    !call.failure ? "its key is accepted"
                    : refused     ? "MultiSafepay refuses its key"
                                  : absl::StrCat("unknown: ", call.failure->message),
                    "\n");
  }
  return status;
}

// The masked "name=value" lines of --check.
telemetry::StatusFacts::Table SettingsTable(const std::string& described) {
  telemetry::StatusFacts::Table table;
  for (std::size_t at = 0; at < described.size();) {
    const std::size_t end = std::min(described.find('\n', at), described.size());
    const std::string line = described.substr(at, end - at);
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      table.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    at = end + 1;
  }
  return table;
}

}  // namespace

absl::StatusOr<std::unique_ptr<telemetry::Audit>> OpenAudit(const Config& config) {
  if (config.audit_log_file.empty()) return std::unique_ptr<telemetry::Audit>();
  auto audit = telemetry::Audit::Open({.file = config.audit_log_file, .flush = config.audit_flush});
  if (!audit.ok()) return Named("audit_log_file", audit.status());
  return audit;
}

absl::StatusOr<std::unique_ptr<telemetry::OpsServer>> StartOps(const Config& config,
                                                               const AdminPort& admin) {
  if (config.ops_listen.empty()) return std::unique_ptr<telemetry::OpsServer>();
  const Clock::time_point start = Clock::now();
  AddMetrics(admin);
  telemetry::OpsPages pages;
  pages.metrics = [&metrics = admin.metrics] { return metrics.Exposition(); };
  pages.keys = [&api = admin.api, &sites = admin.sites] { return CheckKeys(api, sites); };
  pages.status = [admin, start, api_url = config.api_url,
                  settings = SettingsTable(Describe(config))] {
    telemetry::StatusFacts facts{.settings = settings, .errors = admin.recent.All()};
    facts.server = {{"version", std::string(kVersion)},
                    {"up", absl::StrCat(static_cast<std::int64_t>(SecondsSince(start)), " s")},
                    {"calls in flight", absl::StrCat(admin.calls.in_flight())},
                    {"log lines dropped", absl::StrCat(admin.log.dropped())}};
    facts.upstream = UpstreamTable(api_url, admin.pool.Stats());
    return StatusPage(facts);
  };
  auto ops = telemetry::OpsServer::Start(config.ops_listen, std::move(pages));
  if (!ops.ok()) return Named("ops_listen", ops.status());
  return ops;
}

}  // namespace msp
