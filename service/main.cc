// SPDX-License-Identifier: Apache-2.0

// msp-server: the only place that constructs and wires.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/security/server_credentials.h>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/admin.h"
#include "service/base/text.h"
#include "service/config/config.h"
#include "service/config/reload.h"
#include "service/grpc/grpc_log.h"
#include "service/grpc/server.h"
#include "service/grpc/tls.h"
#include "service/http/curl_pool.h"
#include "service/payments/api.h"
#include "service/payments/lease.h"
#include "service/payments/sites.h"
#include "service/process.h"
#include "service/rpc/services.h"
#include "service/version.h"
#include "service/webhook_wiring.h"
#ifdef MSP_WITH_SANDBOX
#include "sandbox/server.h"
#endif

namespace msp {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitBadSetting = 2;

int PrintError(int exit_code, absl::string_view what) {
  std::cerr << "msp-server: " << what << '\n';
  return exit_code;
}

// Blocks the signals for stop and reload in every thread; only main waits for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // Debian's Abseil checks for deadlocks at each lock, and gRPC locks often: switched off.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return signals;
}

void PrintReady(const Config& config, const server::Server& server, const telemetry::OpsServer* ops,
                const WebhookWiring& webhook_wiring) {
  std::string line = "{\"event\":\"serving\",\"listen\":";
  AppendJsonString(server.listening(), line);
  if (ops != nullptr) {
    line += ",\"ops\":";
    AppendJsonString(ops->listening(), line);
  }
  if (!webhook_wiring.listening().empty()) {
    line += ",\"webhook\":";
    AppendJsonString(webhook_wiring.listening(), line);
  }
  line += ",\"api_url\":";
  AppendJsonString(config.api_url, line);
  line += ",\"version\":";
  AppendJsonString(kVersion, line);
  line += ",\"pid\":" + std::to_string(getpid()) + "}";
  std::cout << line << std::endl;
}

// Once every call has its reply, a slow client of the webhook port or the ops port does not delay
// the end for longer.
constexpr std::int64_t kPortsStopMaxMs = 5'000;

// Ends the process after `timeout_ms` if it has not ended by then, with a log line: the
// orchestrator would kill silently.
void ExitAfter(std::int64_t timeout_ms, const char* event, int code, telemetry::Log& log) {
  std::thread([=, &log] {
    std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms));
    log.Write(code == EXIT_SUCCESS ? telemetry::Level::kWarning : telemetry::Level::kError, event,
              {{"timeout_ms", timeout_ms}});
    log.Flush();
    std::_Exit(code);
  }).detach();
}

void Drain(const Config& config, server::Server& server, telemetry::Log& log, rpc::Calls& calls,
           telemetry::OpsServer* ops, WebhookWiring& webhook_wiring) {
  log.Write(telemetry::Level::kInfo, "draining", {{"in_flight", calls.in_flight()}});
  if (ops != nullptr) ops->SetPhase(telemetry::Phase::kDraining);
  server.SetNotServing();
  webhook_wiring.Drain();
  std::this_thread::sleep_for(std::chrono::milliseconds(config.drain_delay_ms));
  if (config.drain_delay_ms > 0) server.CloseListener();
  ExitAfter(config.drain_timeout_ms, "drain_timeout", kExitFailure, log);
  server.Stop();
  ExitAfter(kPortsStopMaxMs, "connections_dropped", EXIT_SUCCESS, log);
}

// Null without TLS.
absl::StatusOr<std::unique_ptr<server::Tls>> StartTls(const Config& config) {
  if (config.tls.cert_file.empty()) return std::unique_ptr<server::Tls>();
  auto material = ReadTls(config.tls);
  if (!material.ok()) return material.status();
  return std::make_unique<server::Tls>(*std::move(material));
}

// The files that are reloaded while the server runs.
std::vector<Reloadable> ReloadablesOf(const Config& config, payments::Sites& sites,
                                      server::Tls* tls) {
  std::vector<Reloadable> items;
  if (!config.keys.sites_file.empty() || !config.keys.api_key_file.empty()) {
    items.push_back({"sites", [keys = config.keys, &sites]() -> absl::StatusOr<FileContent> {
                       auto read = ReadSites(keys);
                       if (!read.ok()) return read.status();
                       auto found = std::make_shared<SiteSettings>(*std::move(read));
                       std::string digest = DigestOf(found->all);
                       return FileContent{std::move(digest),
                                          [found, &sites] { sites.Update(std::move(found->all)); }};
                     }});
  }
  if (tls != nullptr) {
    items.push_back(
        {"tls", [files = config.tls, tls]() -> absl::StatusOr<FileContent> {
           auto read = ReadTls(files);
           if (!read.ok()) return read.status();
           auto found = std::make_shared<TlsMaterial>(*std::move(read));
           std::string digest = DigestOf({found->cert_chain, found->key, found->client_ca});
           return FileContent{std::move(digest), [found, tls] { tls->Replace(std::move(*found)); }};
         }});
  }
  return items;
}

// Null when single flight holds within this process only.
std::unique_ptr<payments::Lease> MakeLease(const Config& config, telemetry::Metrics& metrics) {
  RedisAddress address;
  if (!ParseRedisUrl(config.lease, &address)) return nullptr;
  return std::make_unique<payments::Lease>(std::move(address), metrics);
}

// Sockets of callers, to MultiSafepay and of its event streams; files, pipes and the other ports.
std::int64_t DescriptorsOf(const Config& config) {
  return config.limits.connections_max + config.http_connections_max +
         config.webhooks.event_streams_max + 128;
}

int Serve(Config config) {
  const sigset_t signals = BlockSignals();
  telemetry::Log log({.level = config.log_level, .json = config.log_json});
  server::TakeGrpcLog(log);
  for (const std::string& warning : config.warnings)
    log.Write(telemetry::Level::kWarning, "setting", {{"detail", warning}});
  const std::int64_t descriptors = RaiseDescriptorLimit();
  if (const std::int64_t needed = DescriptorsOf(config); descriptors < needed)
    log.Write(telemetry::Level::kWarning, "setting",
              {{"detail", absl::StrCat("the system allows ", descriptors, " open files, and the ",
                                       "settings can need ", needed,
                                       ": raise the limit (ulimit -n, LimitNOFILE) or lower "
                                       "--connections_max")}});
  telemetry::Metrics metrics(/*enabled=*/!config.ops_listen.empty(),
                             static_cast<std::size_t>(config.threads));
  telemetry::RecentErrors recent;
  auto audit = OpenAudit(config);
  if (!audit.ok()) return PrintError(kExitBadSetting, audit.status().message());
#ifdef MSP_WITH_SANDBOX
  std::unique_ptr<sandbox::Server> play;
  if (config.api_url == "sandbox") {
    auto started = sandbox::Server::Start({});
    if (!started.ok())
      return PrintError(kExitFailure, absl::StrCat("sandbox: ", started.status().message()));
    play = *std::move(started);
    config.api_url = play->base_url();
  }
#endif
  auto pool = http::CurlPool::Create({.base_url = config.api_url,
                                      .loops = config.threads,
                                      .connections_max = config.http_connections_max,
                                      .queue_max = config.http_queue_max,
                                      .proxy = config.proxy,
                                      .ca_file = config.upstream_ca_file});
  if (!pool.ok()) return PrintError(kExitFailure, pool.status().message());
  const payments::Operations operations;
  for (const payments::OperationRow& row : payments::OperationRows())
    metrics.Prepare(row.name, row.effect == payments::Effect::kMoney);
  std::unique_ptr<payments::Lease> lease = MakeLease(config, metrics);
  payments::EventAccessTable event_access;
  payments::Api api({.upstream_timeout_ms = config.upstream_timeout_ms,
                     .notification_url = config.notification_url,
                     .apple_pay_hosts = config.apple_pay_hosts,
                     .idempotency_marker = config.idempotency_marker,
                     .settle_ms = config.settle_ms,
                     .reconcile_backoff_ms = config.reconcile_backoff_ms,
                     .refund_pause_s = config.refund_pause_s,
                     .span_log = config.trace_spans ? &log : nullptr,
                     .event_access = config.webhooks.event_streams ? &event_access : nullptr},
                    operations, **pool, metrics, lease.get());
  payments::Sites sites(std::move(config.sites));
  auto tls = StartTls(config);
  if (!tls.ok()) return PrintError(kExitBadSetting, tls.status().message());
  payments::CallLog call_log(
      {.spans = config.trace_spans, .log_personal_data = config.log_personal_data}, log, metrics,
      audit->get(), &recent);
  rpc::Calls calls({.call_max_ms = config.call_max_ms,
                    .client_certificates = !config.tls.client_ca_file.empty(),
                    .trace = config.trace},
                   api, sites, call_log);
  WebhookWiring webhook_wiring(config, api, event_access, sites, log, metrics);
  rpc::Services services(operations, calls, &webhook_wiring.notification_services());
  auto server = server::Server::Start(
      {.listen = config.listen,
       .unix_mode = static_cast<mode_t>(std::strtoul(config.listen_mode.c_str(), nullptr, 8)),
       .unix_owner = config.listen_owner,
       .credentials = *tls == nullptr ? grpc::InsecureServerCredentials() : (*tls)->Credentials(),
       .limits = config.limits,
       .call_max_ms = config.call_max_ms,
       .loops = (*pool)->loops()},
      services);
  if (!server.ok()) return PrintError(kExitFailure, server.status().message());
  Reloader reloader(ReloadablesOf(config, sites, tls->get()),
                    std::chrono::milliseconds(config.reload_ms), log);
  auto ops = StartOps(config, {metrics, **pool, api, calls, sites, **server, reloader, tls->get(),
                               log, audit->get(), recent});
  if (!ops.ok()) return PrintError(kExitBadSetting, ops.status().message());
  if (*ops != nullptr) (*ops)->SetPhase(telemetry::Phase::kServing);
  if (absl::Status listen = webhook_wiring.Listen(config); !listen.ok())
    return PrintError(kExitBadSetting, listen.message());
  PrintReady(config, **server, ops->get(), webhook_wiring);
  if (config.allow_dumps)
    log.Write(telemetry::Level::kWarning, "allow_dumps",
              {{"detail", std::string_view("core files, debuggers and /proc/PID/mem expose cards "
                                           "and keys; never use it with real ones")}});
  log.Write(telemetry::Level::kInfo, "serving",
            {{"listen", (*server)->listening()}, {"version", kVersion}});
  for (int signal = SIGHUP; signal == SIGHUP; sigwait(&signals, &signal)) reloader.CheckNow();
  Drain(config, **server, log, calls, ops->get(), webhook_wiring);
  webhook_wiring.Stop();
  (*pool)->Stop();
  log.Write(telemetry::Level::kInfo, "stopped");
  return EXIT_SUCCESS;
}

int Main(int argc, char** argv) {
  // protobuf prints to stderr when a string field is not UTF-8; gRPC refuses the call anyway.
  google::protobuf::SetLogHandler(nullptr);
  Config parsed;
  const absl::StatusOr<CommandLineAction> action = ParseSettings(argc, argv, parsed);
  if (!action.ok()) return PrintError(kExitBadSetting, action.status().message());
  if (*action == CommandLineAction::kHelp) return (std::cout << HelpText()), EXIT_SUCCESS;
  if (*action == CommandLineAction::kVersion)
    return (std::cout << "msp-server " << kVersion << '\n'), EXIT_SUCCESS;
  absl::StatusOr<Config> config = LoadConfig(std::move(parsed));
  if (!config.ok()) return PrintError(kExitBadSetting, config.status().message());
  if (config->check) return (std::cout << Describe(*config)), EXIT_SUCCESS;
  if (absl::Status hardened =
          HardenProcess({.allow_dumps = config->allow_dumps, .scrub_memory = config->scrub_memory});
      !hardened.ok())
    return PrintError(kExitFailure, hardened.message());
  return Serve(*std::move(config));
}

}  // namespace
}  // namespace msp

int main(int argc, char** argv) { return msp::Main(argc, argv); }
