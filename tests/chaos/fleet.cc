// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/fleet.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>

#include "httplib.h"
#include "tests/chaos/random.h"
#include "tests/chaos/upstream_faults.h"

namespace msp::chaos {
namespace {

constexpr int kChannels = 4;
constexpr int kSkewMaxS = 60;
constexpr char kOtherKey[] = "fghij-67890-other-key-of-site";

std::string Member(const std::string& line, const char* name) {
  return Json::parse(line).value(name, "");
}

}  // namespace

Json Ledger::Ask(const std::string& path, const Json* body) const {
  httplib::Client client(origin_);
  client.set_read_timeout(30);
  const std::string target = "/_sandbox/" + path;
  const auto response =
      body == nullptr ? client.Get(target) : client.Post(target, body->dump(), "application/json");
  if (!response || response->status != 200) return nullptr;
  return Json::parse(response->body)["data"];
}

Fleet::Fleet(const Options& options) : options_(options) {
  if (options_.rules.lease) redis_ = std::make_unique<testing::RedisProcess>();
  StartSandbox();
  if (!options_.client.empty())
    language_client_ = std::make_unique<LanguageClient>(options_.client);
  LimitRate(kNoLimit);
  for (int i = 0; i < kReplicas; ++i) Put(i, StartServer());
}

Fleet::~Fleet() {
  EndKilling();
  MutexLock lock(mutex_);
  for (Replica& replica : replicas_) replica.channels.clear();
}

void Fleet::StartSandbox() {
  Random random(options_.seed, 0x5eed);
  const RuleSet& rules = options_.rules;
  // The sandbox's clock is off by up to a minute, either way, beside what the rules say.
  const std::int64_t skew_s = random.Below(2 * kSkewMaxS + 1) - kSkewMaxS + rules.clock_off_s;
  const auto on = [](bool value) { return std::string(value ? "on" : "off"); };
  sandbox_ = std::make_unique<testing::ChildProcess>(
      MSP_SANDBOX_PROGRAM,
      std::vector<std::string>{
          "--key=" + std::string(testing::kServerKey) + ":10001",
          "--key=" + std::string(kOtherKey) + ":10001", "--quiet=on",
          "--seed=" + std::to_string(options_.seed), "--order-id-rule=" + rules.order_id_rule,
          "--refund-id-echo=" + on(!rules.refund_ids_hidden),
          "--five-minute-rule=" + on(rules.refund_dedupe == "300s"),
          "--refund-id-unique=" + on(rules.refund_dedupe == "id"),
          "--custom-echo=" + rules.custom_echo, "--polymorphism=" + rules.polymorphism,
          "--read-lag-ms=" + std::to_string(rules.lag_min_ms) + "-" +
              std::to_string(rules.lag_max_ms),
          "--orders-max=1000000", "--start-time=" + std::to_string(std::time(nullptr) + skew_s)});
  const std::string ready = sandbox_->WaitForOutput("\"event\":\"serving\"");
  api_url_ = Member(ready, "api_url");
  ledger_ = std::make_unique<Ledger>("http://" + Member(ready, "listen"));
}

void Fleet::LimitRate(std::int64_t calls_per_s) const {
  httplib::Client(ledger_->origin()).Delete("/_sandbox/faults");
  if (ledger_->Post("faults", FaultRules(options_, calls_per_s)).is_null()) {
    std::fputs("the sandbox did not take the faults\n", stderr);
    std::abort();
  }
}

std::int64_t Fleet::Requests() const {
  return ledger_->Get("faults").at(0).at("matched").get<std::int64_t>();
}

std::int64_t Fleet::RequestsRefused() const {
  return ledger_->Get("faults").at(0).at("fired").get<std::int64_t>();
}

std::unique_ptr<testing::ServerProcess> Fleet::StartServer() {
  const RuleSet& rules = options_.rules;
  const int start = starts_++;
  std::vector<std::string> arguments{
      "--settle_ms=" + std::to_string(rules.settle_ms),
      "--reconcile_backoff_ms=25",
      "--upstream_timeout_ms=1500",
      "--call_max_ms=10000",
      "--drain_timeout_ms=20000",
      "--log_level=error",
      "--lease=" + (redis_ == nullptr ? std::string("local") : redis_->url()),
      "--idempotency_marker=" + std::string(options_.markers ? "auto" : "off")};
  if (rules.watchers) {
    for (const char* wait : {"first", "max"})
      arguments.push_back("--watch_poll_" + std::string(wait) + "_ms=500");
  }
  // Nobody listens there: it is the orders' notification_url that changes.
  if (rules.settings_change && start % 3 != 0)
    arguments.push_back("--notification_url=http://127.0.0.1:9/hook-" + std::to_string(start % 3));
  std::map<std::string, std::string> variables;
  if (rules.keys_change) {
    // The key of before stays known, as at every rotation.
    const std::string name = "site-" + std::to_string(start);
    const char* keys[] = {testing::kServerKey, kOtherKey};
    folder_.Put(name + ".key", keys[start / kReplicas % 2]);
    folder_.Put(name + ".old", keys[(start / kReplicas + 1) % 2]);
    const Json site{
        {"name", kSite}, {"key_file", name + ".key"}, {"previous_key_file", name + ".old"}};
    arguments.push_back("--sites_file=" +
                        folder_.Put(name + ".json", Json{{"sites", {site}}}.dump()));
    variables["MSP_API_KEY"] = "";
  }
  return std::make_unique<testing::ServerProcess>(api_url_, std::move(arguments),
                                                  std::move(variables));
}

void Fleet::Put(int replica, std::unique_ptr<testing::ServerProcess> process) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt("chaos.number", i);
    channels.push_back(grpc::CreateCustomChannel(process->address(),
                                                 grpc::InsecureChannelCredentials(), arguments));
  }
  std::string address = process->address();
  MutexLock lock(mutex_);
  replicas_[static_cast<std::size_t>(replica)] = {std::move(process), std::move(channels),
                                                  std::move(address)};
}

std::shared_ptr<grpc::Channel> Fleet::Channel(int replica, std::int64_t any) const {
  MutexLock lock(mutex_);
  const auto& channels = replicas_[static_cast<std::size_t>(replica)].channels;
  return channels[static_cast<std::size_t>(any) % channels.size()];
}

std::string Fleet::Address(int replica) const {
  MutexLock lock(mutex_);
  return replicas_[static_cast<std::size_t>(replica)].address;
}

void Fleet::BeginKilling() {
  MutexLock lock(mutex_);
  killing_ = options_.kills;
  if (killing_) killer_ = std::thread([this] { Kill(); });
}

void Fleet::EndKilling() {
  {
    MutexLock lock(mutex_);
    killing_ = false;
    changed_.NotifyAll();
  }
  if (killer_.joinable()) killer_.join();
}

void Fleet::Kill() {
  Random random(options_.seed, 0xdead);
  // Every kind of kill comes early, so that a short run on a slow machine has seen them all.
  for (int number = 0;; ++number) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(100 + random.Below(800));
    const int victim = static_cast<int>(random.Below(kReplicas));
    const bool gently = number % 3 == 1;
    const bool redis_too = number % 4 == 0;
    const std::int64_t advance_s = random.Below(3);
    {
      MutexLock lock(mutex_);
      while (killing_ && std::chrono::steady_clock::now() < until)
        changed_.WaitUntil(mutex_, until);
      if (!killing_) return;
    }
    // Where only a completed order blocks its id, leases are all that keeps two replicas apart.
    if (redis_ != nullptr && redis_too && options_.rules.order_id_rule != "completed") {
      redis_->Kill();
      KillReplica(victim, gently, advance_s);
      redis_->Start();
      MutexLock lock(mutex_);
      ++kills_["SIGKILL of Redis"];
    } else {
      KillReplica(victim, gently, advance_s);
    }
  }
}

void Fleet::KillReplica(int victim, bool gently, std::int64_t advance_s) {
  std::unique_ptr<testing::ServerProcess> dying;
  {
    MutexLock lock(mutex_);
    dying = std::move(replicas_[static_cast<std::size_t>(victim)].process);
  }
  dying->process().Signal(gently ? SIGTERM : SIGKILL);
  if (!gently) dying->process().Wait();
  Put(victim, StartServer());
  const int code = gently ? dying->process().Wait() : 0;
  ledger_->Post("clock", {{"advance_seconds", advance_s}});
  MutexLock lock(mutex_);
  ++kills_[gently ? "SIGTERM" : "SIGKILL"];
  if (code != 0) ++kills_["SIGTERM that did not end well"];
}

std::map<std::string, int> Fleet::kills() const {
  MutexLock lock(mutex_);
  return kills_;
}

}  // namespace msp::chaos
