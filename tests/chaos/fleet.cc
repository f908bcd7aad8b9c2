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

std::string Member(const std::string& line, const char* name) {
  return Json::parse(line).value(name, "");
}

}  // namespace

Json Ledger::Get(const std::string& path) const {
  httplib::Client client(origin_);
  client.set_read_timeout(30);
  const auto answer = client.Get("/_sandbox/" + path);
  if (!answer || answer->status != 200) return nullptr;
  return Json::parse(answer->body)["data"];
}

Json Ledger::Post(const std::string& path, const Json& body) const {
  httplib::Client client(origin_);
  client.set_read_timeout(30);
  const auto answer = client.Post("/_sandbox/" + path, body.dump(), "application/json");
  if (!answer || answer->status != 200) return nullptr;
  return Json::parse(answer->body)["data"];
}

Fleet::Fleet(const Options& options) : options_(options) {
  if (options_.lease) redis_ = std::make_unique<testing::RedisProcess>();
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
  // The sandbox's clock is off by up to a minute, either way.
  const std::int64_t skew_s = random.Below(2 * kSkewMaxS + 1) - kSkewMaxS;
  sandbox_ = std::make_unique<testing::ChildProcess>(
      MSP_SANDBOX_PROGRAM,
      std::vector<std::string>{
          "--key=" + std::string(testing::kServerKey), "--quiet=on",
          "--seed=" + std::to_string(options_.seed), "--order-id-rule=" + options_.order_id_rule,
          "--refund-id-echo=" + std::string(options_.refund_id_echo ? "on" : "off"),
          "--polymorphism=" + options_.polymorphism, "--five-minute-rule=off",
          "--refund-id-unique=off", "--orders-max=1000000",
          "--start-time=" + std::to_string(std::time(nullptr) + skew_s)});
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

std::unique_ptr<testing::ServerProcess> Fleet::StartServer() const {
  return std::make_unique<testing::ServerProcess>(
      api_url_, std::vector<std::string>{
                    "--settle_ms=" + std::to_string(options_.settle_ms),
                    "--reconcile_backoff_ms=25", "--upstream_timeout_ms=1500",
                    "--call_max_ms=10000", "--drain_timeout_ms=20000", "--log_level=error",
                    "--lease=" + (redis_ == nullptr ? std::string("local") : redis_->url()),
                    "--idempotency_marker=" + std::string(options_.markers ? "auto" : "off")});
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
    if (redis_ != nullptr && redis_too && options_.order_id_rule != "completed") {
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
