#include "tests/chaos/fleet.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>

#include "httplib.h"
#include "tests/chaos/dice.h"

namespace msp::chaos {
namespace {

constexpr int kChannels = 4;
constexpr int kSkewMaxS = 60;

struct FaultRow {
  const char* effect;  // JSON
  double weight;
  const char* method;  // "" for everything that is no GET.
};

// What can go wrong with a call that moves money, weighted; a call that was carried out and whose
// answer is lost is the case that doubles payments, and makes up half of all.
constexpr FaultRow kWriteFaults[] = {
    {R"({"name":"commit_then_fail","then":"reset"})", 20, ""},
    {R"({"name":"commit_then_fail","then":"500"})", 14, ""},
    {R"({"name":"commit_then_fail","then":"close"})", 8, ""},
    {R"({"name":"commit_then_fail","then":"timeout","hold_ms":4000})", 4, ""},
    {R"({"name":"commit_then_fail","then":"status","body":"E9"})", 4, ""},
    {R"({"name":"commit_then_fail","then":"api_error","error_code":9999,"status":404})", 3, ""},
    {R"({"name":"reset","when":"before_reading"})", 4, ""},
    {R"({"name":"reset","when":"after_reading"})", 4, ""},
    {R"({"name":"reset","when":"in_body","bytes":40})", 4, ""},
    {R"({"name":"latency","min_ms":5,"max_ms":250})", 8, ""},
    {R"({"name":"latency","min_ms":5,"max_ms":250,"when":"after"})", 5, ""},
    {R"({"name":"truncate","bytes":60})", 3, ""},
    {R"({"name":"truncate","bytes":60,"length":"cut"})", 3, ""},
    {R"({"name":"garbage","kind":"invalid_json"})", 2, ""},
    {R"({"name":"garbage","kind":"invalid_utf8"})", 2, ""},
    {R"({"name":"garbage","kind":"bom"})", 1, ""},
    {R"({"name":"garbage","kind":"deep"})", 1, ""},
    {R"({"name":"garbage","kind":"duplicate_members"})", 1, ""},
    {R"({"name":"garbage","kind":"huge"})", 0.1, ""},
    {R"({"name":"slow_body","bytes_per_second":200})", 1, ""},
    {R"({"name":"status","status":503,"body":"html"})", 2, ""},
    {R"({"name":"status","status":502,"body":"E9"})", 2, ""},
    {R"({"name":"api_error","error_code":1000,"status":500})", 1, ""},
    {R"({"name":"api_error","error_code":1021})", 1, ""},
    {R"({"name":"rate_limit","calls":0})", 2, ""},
    {R"({"name":"redirect"})", 1, ""},
    {R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})", 2, ""},
    {R"({"name":"wrong_type","pointer":"/data","value":[]})", 1, ""},
};
constexpr FaultRow kLookFaults[] = {
    {R"({"name":"reset","when":"after_reading"})", 4, "GET"},
    {R"({"name":"commit_then_fail","then":"500"})", 3, "GET"},
    {R"({"name":"status","status":503,"body":"html"})", 3, "GET"},
    {R"({"name":"status","body":"E5"})", 2, "GET"},
    {R"({"name":"latency","min_ms":5,"max_ms":150})", 4, "GET"},
    {R"({"name":"truncate","bytes":60})", 2, "GET"},
    {R"({"name":"garbage","kind":"invalid_json"})", 2, "GET"},
    {R"({"name":"rate_limit","calls":0})", 1, "GET"},
    {R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})", 1, "GET"},
};

template <std::size_t kCount>
void AddRules(const FaultRow (&rows)[kCount], double rate, Json& rules) {
  double whole = 0;
  for (const FaultRow& row : rows) whole += row.weight;
  double left = 1;  // The part of the calls that no earlier rule has taken.
  for (const FaultRow& row : rows) {
    const double share = rate * row.weight / whole;
    const std::string method = row.method;
    for (const char* one : {"POST", "PATCH"}) {
      Json rule{
          {"match", {{"probability", share / left}, {"method", method.empty() ? one : method}}},
          {"effect", Json::parse(row.effect)}};
      rules.push_back(std::move(rule));
      if (!method.empty()) break;
    }
    left -= share;
  }
}

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
  if (!options_.client.empty()) foreign_ = std::make_unique<ForeignClient>(options_.client);
  if (options_.fault_rate > 0) AddFaults();
  for (int i = 0; i < kReplicas; ++i) Put(i, StartServer());
}

Fleet::~Fleet() {
  EndKilling();
  MutexLock lock(mutex_);
  for (Replica& replica : replicas_) replica.channels.clear();
}

void Fleet::StartSandbox() {
  Dice dice(options_.seed, 0x5eed);
  // The sandbox's clock is off by up to a minute, either way.
  const std::int64_t skew_s = dice.Below(2 * kSkewMaxS + 1) - kSkewMaxS;
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

void Fleet::AddFaults() const {
  Json rules = Json::array();
  AddRules(kWriteFaults, options_.fault_rate, rules);
  AddRules(kLookFaults, options_.fault_rate / 3, rules);
  if (ledger_->Post("faults", rules).is_null()) {
    std::fputs("the sandbox did not take the faults\n", stderr);
    std::abort();
  }
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
  Dice dice(options_.seed, 0xdead);
  // Every kind of kill comes early, so that a short run on a slow machine has seen them all.
  for (int number = 0;; ++number) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(100 + dice.Below(800));
    const int victim = static_cast<int>(dice.Below(kReplicas));
    const bool gently = number % 3 == 1;
    const bool redis_too = number % 4 == 0;
    const std::int64_t advance_s = dice.Below(3);
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
