// SPDX-License-Identifier: Apache-2.0

#include "tests/load/environment.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>
#include <utility>

#include "httplib.h"
#include "tests/testing/free_port.h"
#include "tests/testing/sandbox.h"

namespace msp::load {
namespace {

constexpr int kPaymentKind = 0;  // Of an order in the sandbox's snapshot.
constexpr const char* kHost = "127.0.0.1";

[[noreturn]] void GiveUp(const char* what) {
  std::fprintf(stderr, "msp-storm: %s\n", what);
  std::abort();
}

}  // namespace

Upstream::Upstream() : port_(testing::FreePort()) { Start(); }

void Upstream::Start() {
  process_ = std::make_unique<testing::ChildProcess>(
      MSP_SANDBOX_PROGRAM,
      std::vector<std::string>{"--key=" + std::string(testing::kServerKey), "--quiet=on",
                               "--port=" + std::to_string(port_), "--orders-max=1000000"});
  const std::string ready = process_->WaitForOutput("\"event\":\"serving\"");
  api_url_ = Json::parse(ready).value("api_url", "");
}

void Upstream::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

void Upstream::Delay(const std::string& method, std::int64_t ms) const {
  Ask("faults", {{"match", {{"method", method}}}, {"effect", {{"name", "latency"}, {"ms", ms}}}});
}

void Upstream::Limit(long per_s) const {
  Ask("faults", {{"effect",
                  {{"name", "rate_limit"},
                   {"calls", per_s},
                   {"window_seconds", 1},
                   {"retry_after_seconds", 1}}}});
}

long Upstream::Requests() const { return Ask("faults").at(0).at("matched").get<long>(); }

Json Upstream::Ask(const std::string& path, const Json& body) const {
  return testing::AskSandbox("http://127.0.0.1:" + std::to_string(port_), path, body);
}

Upstream::Books Upstream::Audit() const {
  std::map<std::string, long> charges;
  const Json books = Ask("snapshot");
  for (const Json& order : books.at("orders")) {
    if (order.at("kind").get<int>() != kPaymentKind) continue;
    const bool charged = order.at("money").value("authorized", std::int64_t{0}) > 0;
    charges[order.at("order_id").get<std::string>()] += charged ? 1 : 0;
  }
  Books audit{.orders = static_cast<long>(charges.size())};
  for (const auto& [id, count] : charges) {
    audit.charged_twice += count > 1 ? 1 : 0;
    audit.not_charged += count == 0 ? 1 : 0;
  }
  return audit;
}

Replica::Replica(const Upstream& upstream, std::vector<std::string> arguments, int port)
    : api_url_(upstream.api_url()),
      address_(std::string(kHost) + ":" + std::to_string(port > 0 ? port : testing::FreePort())),
      arguments_(std::move(arguments)) {
  arguments_.push_back("--listen=" + address_);
  arguments_.emplace_back("--log_level=error");
  Start();
}

void Replica::Start() { process_ = std::make_unique<testing::ServerProcess>(api_url_, arguments_); }

int Replica::Restart() {
  const int code = process_->Stop();
  Start();
  return code;
}

void Replica::ForgetMemoryPeak() const {
  std::ofstream("/proc/" + std::to_string(process_->process().pid()) + "/clear_refs") << "5";
}

Mesh::Mesh(std::string envoy, const std::string& files, std::string directory)
    : envoy_(std::move(envoy)),
      directory_(std::move(directory)),
      ports_{testing::FreePort(), testing::FreePort()} {
  std::string command = files + " " + directory_;
  for (const int port : ports_) command += " " + std::to_string(port);
  testing::ChildProcess made("/bin/sh", {"-c", command});
  if (made.Wait() != 0) GiveUp(("the files of the mesh were not made: " + made.error()).c_str());
}

void Mesh::Start(const Upstream& upstream, const std::vector<std::string>& arguments) {
  process_.reset();
  replicas_.clear();
  const std::string tls = directory_ + "/multisafepay-grpc/";
  std::vector<std::string> all{"--tls_cert_file=" + tls + "tls.crt",
                               "--tls_key_file=" + tls + "tls.key",
                               "--tls_client_ca_file=" + tls + "ca.crt"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  for (const int port : ports_) replicas_.push_back(std::make_unique<Replica>(upstream, all, port));
  const std::string admin = directory_ + "/admin";
  std::remove(admin.c_str());
  process_ = std::make_unique<testing::ChildProcess>(
      envoy_,
      std::vector<std::string>{"-c", directory_ + "/envoy.json", "--admin-address-path", admin,
                               "--use-dynamic-base-id", "--concurrency", "2", "-l", "error"});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  // Envoy writes no line when it is ready: its file, its listener and its health checks say so.
  const std::string checks = "cluster.multisafepay-grpc.health_check.success";
  for (address_.clear(); address_.empty() || Stat(checks) < 2;) {
    if (std::chrono::steady_clock::now() > end) GiveUp("Envoy did not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!(std::ifstream(admin) >> admin_)) continue;
    const Json listeners = Json::parse(Ask("/listeners?format=json"), nullptr, false);
    if (!listeners.is_object() || listeners.value("listener_statuses", Json::array()).empty())
      continue;
    address_ =
        std::string(kHost) + ":" +
        std::to_string(
            listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"]
                .get<int>());
  }
}

std::string Mesh::Ask(const std::string& path) const {
  const auto answer = httplib::Client("http://" + admin_).Get(path);
  return answer ? answer->body : std::string();
}

long Mesh::Stat(const std::string& name) const {
  const std::string text = Ask("/stats?filter=" + name + "$");
  const std::size_t colon = text.find(':');
  return colon == std::string::npos ? 0 : std::stol(text.substr(colon + 1));
}

double Replica::StatusMiB(const std::string& name) const {
  std::ifstream status("/proc/" + std::to_string(process_->process().pid()) + "/status");
  double kib = 0;
  for (std::string word; status >> word;) {
    if (word == name && status >> kib) break;
  }
  return kib / 1024;
}

}  // namespace msp::load
