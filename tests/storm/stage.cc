#include "tests/storm/stage.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

#include "httplib.h"
#include "tests/testing/free_port.h"

namespace msp::storm {
namespace {

constexpr int kPaymentKind = 0;  // Of an order in the sandbox's snapshot.
constexpr const char* kHost = "127.0.0.1";

[[noreturn]] void GiveUp(const char* what) {
  std::fprintf(stderr, "storm: %s\n", what);
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
  AddFault({{"match", {{"method", method}}}, {"effect", {{"name", "latency"}, {"ms", ms}}}});
}

void Upstream::Limit(long per_s) const {
  AddFault({{"effect",
             {{"name", "rate_limit"},
              {"calls", per_s},
              {"window_seconds", 1},
              {"retry_after_seconds", 1}}}});
}

long Upstream::Requests() const {
  httplib::Client client(kHost, port_);
  const auto answer = client.Get("/_sandbox/faults");
  if (!answer || answer->status != 200) GiveUp("the sandbox did not show its faults");
  return Json::parse(answer->body).at("data").at(0).at("matched").get<long>();
}

void Upstream::AddFault(const Json& rule) const {
  httplib::Client client(kHost, port_);
  const auto answer = client.Post("/_sandbox/faults", rule.dump(), "application/json");
  if (!answer || answer->status != 200) GiveUp("the sandbox did not take a fault");
}

Upstream::Books Upstream::Audit() const {
  httplib::Client client(kHost, port_);
  client.set_read_timeout(60);
  const auto answer = client.Get("/_sandbox/snapshot");
  if (!answer || answer->status != 200) GiveUp("the sandbox did not show its books");
  std::map<std::string, long> charges;
  const Json books = Json::parse(answer->body);
  for (const Json& order : books.at("data").at("orders")) {
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

Replica::Replica(const Upstream& upstream, std::vector<std::string> arguments)
    : api_url_(upstream.api_url()),
      address_(std::string(kHost) + ":" + std::to_string(testing::FreePort())),
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

double Replica::StatusMiB(const std::string& name) const {
  std::ifstream status("/proc/" + std::to_string(process_->process().pid()) + "/status");
  double kib = 0;
  for (std::string word; status >> word;) {
    if (word == name && status >> kib) break;
  }
  return kib / 1024;
}

}  // namespace msp::storm
