// msp-server: the only place that constructs and wires.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/security/server_credentials.h>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "service/base/text.h"
#include "service/config.h"
#include "service/http/curl_pool.h"
#include "service/notify_wiring.h"
#include "service/operate.h"
#include "service/psp/api.h"
#include "service/psp/lease.h"
#include "service/server/server.h"
#include "service/version.h"
#ifdef MSP_WITH_SANDBOX
#include "sandbox/server.h"
#endif

namespace msp {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitBadSetting = 2;

int Complain(int exit_code, absl::string_view what) {
  std::cerr << "msp-server: " << what << '\n';
  return exit_code;
}

// Blocks the signals that end the server in every thread; main alone waits for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void PrintReady(const Config& config, const server::Server& server, const telemetry::OpsServer* ops,
                const Notifying& notifying) {
  std::string line = "{\"event\":\"serving\",\"listen\":";
  AppendJsonString(server.listening(), line);
  if (ops != nullptr) {
    line += ",\"ops\":";
    AppendJsonString(ops->listening(), line);
  }
  if (!notifying.listening().empty()) {
    line += ",\"webhook\":";
    AppendJsonString(notifying.listening(), line);
  }
  line += ",\"api_url\":";
  AppendJsonString(config.api_url, line);
  line += ",\"version\":";
  AppendJsonString(kVersion, line);
  line += ",\"pid\":" + std::to_string(getpid()) + "}";
  std::cout << line << std::endl;
}

// Gives up a drain that does not end: the orchestrator's kill would come without a word.
void WatchDrain(std::int64_t timeout_ms, telemetry::Log& log) {
  std::thread([timeout_ms, &log] {
    std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms));
    log.Write(telemetry::Level::kError, "drain_timeout", {{"timeout_ms", timeout_ms}});
    log.Flush();
    std::_Exit(kExitFailure);
  }).detach();
}

void Drain(const Config& config, server::Server& server, telemetry::Log& log, server::Calls& calls,
           telemetry::OpsServer* ops, Notifying& notifying) {
  log.Write(telemetry::Level::kInfo, "draining", {{"in_flight", calls.in_flight()}});
  if (ops != nullptr) ops->SetPhase(telemetry::Phase::kDraining);
  server.SetNotServing();
  notifying.Drain();
  std::this_thread::sleep_for(std::chrono::milliseconds(config.drain_delay_ms));
  if (config.drain_delay_ms > 0) server.LetConnectionsGo(config.drain_timeout_ms);
  WatchDrain(config.drain_timeout_ms, log);
  server.Stop();
}

// Null when flights stay within this process.
std::unique_ptr<psp::Lease> MakeLease(const Config& config, telemetry::Metrics& metrics) {
  RedisAddress address;
  if (!ParseRedisUrl(config.lease, &address)) return nullptr;
  return std::make_unique<psp::Lease>(std::move(address), metrics);
}

int Serve(Config config) {
  const sigset_t signals = BlockSignals();
  telemetry::Log log({.level = config.log_level, .json = config.log_json});
  telemetry::Metrics metrics(/*enabled=*/!config.ops_listen.empty());
  telemetry::Recent recent;
  auto audit = OpenAudit(config);
  if (!audit.ok()) return Complain(kExitBadSetting, audit.status().message());
#ifdef MSP_WITH_SANDBOX
  std::unique_ptr<sandbox::Server> play;
  if (config.api_url == "sandbox") {
    auto started = sandbox::Server::Start({});
    if (!started.ok())
      return Complain(kExitFailure, absl::StrCat("sandbox: ", started.status().message()));
    play = *std::move(started);
    config.api_url = play->base_url();
  }
#endif
  auto pool = http::CurlPool::Create({.base_url = config.api_url,
                                      .workers = config.http_workers,
                                      .connections_max = config.http_connections_max,
                                      .queue_max = config.http_queue_max,
                                      .http2 = config.http2,
                                      .proxy = config.proxy,
                                      .ca_file = config.upstream_ca_file});
  if (!pool.ok()) return Complain(kExitFailure, pool.status().message());
  const psp::Operations operations;
  std::unique_ptr<psp::Lease> lease = MakeLease(config, metrics);
  psp::Api api({.upstream_timeout_ms = config.upstream_timeout_ms,
                .notification_url = config.notification_url,
                .idempotency_marker = config.idempotency_marker,
                .settle_ms = config.settle_ms,
                .reconcile_backoff_ms = config.reconcile_backoff_ms,
                .refund_pause_s = config.refund_pause_s,
                .span_log = config.trace_spans ? &log : nullptr},
               operations, **pool, metrics, lease.get());
  auto site = std::make_shared<const psp::Site>("default", config.api_key);
  WipeString(config.api_key);
  server::Calls calls(
      {.call_max_ms = config.call_max_ms, .trace = config.trace, .spans = config.trace_spans}, api,
      site, log, metrics, audit->get(), &recent);
  Notifying notifying(
      config, api,
      [site](std::string_view name) {
        return name.empty() || name == site->name() ? site : std::shared_ptr<const psp::Site>();
      },
      log, metrics);
  auto ops = StartOps(config, {metrics, **pool, calls, log, audit->get(), recent});
  if (!ops.ok()) return Complain(kExitBadSetting, ops.status().message());
  auto server = server::Server::Start({.listen = config.listen,
                                       .credentials = grpc::InsecureServerCredentials(),
                                       .connection_age_ms = config.connection_age_ms,
                                       .edge = &notifying.edge()},
                                      operations, calls);
  if (!server.ok()) return Complain(kExitFailure, server.status().message());
  if (absl::Status listen = notifying.Listen(config); !listen.ok())
    return Complain(kExitBadSetting, listen.message());
  if (*ops != nullptr) (*ops)->SetPhase(telemetry::Phase::kServing);
  PrintReady(config, **server, ops->get(), notifying);
  log.Write(telemetry::Level::kInfo, "serving",
            {{"listen", (*server)->listening()}, {"version", kVersion}});
  int signal = 0;
  sigwait(&signals, &signal);
  Drain(config, **server, log, calls, ops->get(), notifying);
  notifying.Stop();
  (*pool)->Stop();
  log.Write(telemetry::Level::kInfo, "stopped");
  return EXIT_SUCCESS;
}

int Main(int argc, char** argv) {
  // protobuf prints to stderr when a string field is not UTF-8; gRPC refuses the call by itself.
  google::protobuf::SetLogHandler(nullptr);
  const absl::StatusOr<Ask> ask = ParseSettings(argc, argv);
  if (!ask.ok()) return Complain(kExitBadSetting, ask.status().message());
  if (*ask == Ask::kHelp) return (std::cout << HelpText()), EXIT_SUCCESS;
  if (*ask == Ask::kVersion) return (std::cout << "msp-server " << kVersion << '\n'), EXIT_SUCCESS;
  absl::StatusOr<Config> config = LoadConfig();
  if (!config.ok()) return Complain(kExitBadSetting, config.status().message());
  if (config->check) return (std::cout << Describe(*config)), EXIT_SUCCESS;
  return Serve(*std::move(config));
}

}  // namespace
}  // namespace msp

int main(int argc, char** argv) { return msp::Main(argc, argv); }
