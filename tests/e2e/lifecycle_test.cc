// SPDX-License-Identifier: Apache-2.0

// The server as an operator meets it: start, health, drain, exit codes, and what it
// prints.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"

namespace msp::e2e {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using msp::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::vector<std::string>& PaymentServices() {
  static const auto& services = *new std::vector<std::string>{
      "multisafepay.v1.OrderService", "multisafepay.v1.TokenService",
      "multisafepay.v1.PaymentMethodService", "multisafepay.v1.TransactionService"};
  return services;
}

class Lifecycle : public EndToEnd {
 protected:
  std::string HealthOf(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    const auto call = Call(channel(), &Health::Stub::Check, request);
    return call.ok() ? HealthCheckResponse::ServingStatus_Name(call.response.status())
                     : call.code();
  }
};

TEST_F(Lifecycle, ReadyLineSaysWhereAndWhat) {
  const auto line = nlohmann::json::parse(server().ready_line());
  EXPECT_EQ(line.at("event"), "serving");
  EXPECT_EQ(line.at("listen"), server().address());
  EXPECT_THAT(server().address(), Not(HasSubstr(":0")));
  EXPECT_EQ(line.at("pid"), server().process().pid());
  EXPECT_FALSE(line.at("version").get<std::string>().empty());
  EXPECT_EQ(StopServer(), 0);
}

TEST_F(Lifecycle, HealthSpeaksForTheServerAndForEachService) {
  EXPECT_EQ(HealthOf(""), "SERVING");
  for (const std::string& service : PaymentServices()) EXPECT_EQ(HealthOf(service), "SERVING");
  EXPECT_EQ(HealthOf("no.such.Service"), "NOT_FOUND");
}

TEST_F(Lifecycle, DrainIsAnnouncedWhileCallsAreStillTaken) {
  StartServer({"--drain_delay_ms=60000"});
  const std::string service = PaymentServices().front();
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(service);
  const auto watch = Health::NewStub(channel())->Watch(&context, request);
  HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), HealthCheckResponse::SERVING);
  server().process().Signal(SIGTERM);
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf(""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(service), "NOT_SERVING");
  EXPECT_TRUE(Create(CardOrder()).ok());
  // A client that comes only now is served too.
  EXPECT_TRUE(DialAnew(server().address())->WaitForConnected(Later()));
  context.TryCancel();
}

TEST_F(Lifecycle, ACallerWhoWatchesHealthDoesNotHoldUpTheEnd) {
  StartServer({"--drain_timeout_ms=10000", "--call_max_ms=5000"});
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(PaymentServices().front());
  const auto watch = Health::NewStub(channel())->Watch(&context, request);
  HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  server().process().Signal(SIGTERM);
  while (watch->Read(&seen)) {
  }
  EXPECT_EQ(server().process().Wait(), 0);
}

// To gRPC the call is over and the server idle; its reply still comes, to nobody.
TEST_F(Lifecycle, ACallWhoseCallerHasGoneIsAwaitedAtTheEnd) {
  StartServer({"--drain_timeout_ms=20000", "--call_max_ms=15000"});
  HoldResponses();
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::CreateOrderResponse response;
    const auto stub = v1::OrderService::NewStub(channel());
    EXPECT_EQ(stub->CreateOrder(&context, CardOrder(), &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  upstream().WaitForRequests(1);
  context.TryCancel();
  caller.join();
  server().process().Signal(SIGTERM);
  while (channel()->GetState(false) == GRPC_CHANNEL_READY)
    ASSERT_TRUE(channel()->WaitForStateChange(GRPC_CHANNEL_READY, Later()));
  // A server that did not wait would have shut its queue by then, and the reply would find it so.
  auto exit_code = std::async(std::launch::async, [this] { return server().process().Wait(); });
  EXPECT_EQ(exit_code.wait_for(std::chrono::seconds(1)), std::future_status::timeout);
  gate().Open();
  EXPECT_EQ(exit_code.get(), 0);
  EXPECT_THAT(server().logs(), HasSubstr("\"stopped\""));
}

// The only failure that a caller meets is that there is nobody to connect to any more.
TEST_F(Lifecycle, ADrainLosesNoCallOfAConnectionThatIsStillOpen) {
  StartServer({"--drain_delay_ms=1", "--connection_age_ms=300"});
  EXPECT_TRUE(Create(CardOrder()).ok());
  server().process().Signal(SIGTERM);
  int made = 0;
  Called<v1::CreateOrderResponse> called;
  do {
    called = Create(CardOrder("late-" + std::to_string(++made)));
  } while (called.ok());
  EXPECT_GT(made, 1);
  EXPECT_THAT(called.status.error_message(), HasSubstr("refused"));
  EXPECT_EQ(server().process().Wait(), 0);
}

TEST_F(Lifecycle, TerminationWithoutCallsEndsWithZero) {
  StartServer();
  EXPECT_TRUE(Create(CardOrder()).ok());
  EXPECT_EQ(StopServer(), 0);
  EXPECT_THAT(server().logs(), HasSubstr("\"stopped\""));
}

// Callback and synchronous services bring threads that wait for the same events as the queue's one,
// and every event that one thread takes for another costs a wake-up. So does a further queue.
TEST_F(Lifecycle, OurThreadsAloneServeCalls) {
  // gRPC's threads for timers and for what would block, which wait for no event of a socket's.
  const std::vector<std::string> idle{"default-executo", "resolver-execut", "event_engine",
                                      "grpc_global_tim", "timer_manager"};
  StartServer({"--threads=2"});
  EXPECT_TRUE(Create(CardOrder()).ok());
  EXPECT_EQ(HealthOf(""), "SERVING");
  std::vector<std::string> polling;
  const std::string tasks = "/proc/" + std::to_string(server().process().pid()) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream in(task.path() / "comm");
    std::string name;
    if (!std::getline(in, name)) continue;  // It has just ended.
    const bool other = name == "msp-server" || name.rfind("msp-http", 0) == 0;
    if (!other && std::count(idle.begin(), idle.end(), name) == 0) polling.push_back(name);
  }
  EXPECT_THAT(polling, ::testing::UnorderedElementsAre("msp-grpc-0", "msp-grpc-1"));
}

TEST_F(Lifecycle, InterruptEndsWithZeroToo) {
  StartServer();
  server().process().Signal(SIGINT);
  EXPECT_EQ(server().process().Wait(), 0);
}

// A start that is expected to end by itself.
struct Ended {
  int exit_code;
  std::string output;
  std::string error;
};

Ended StartAndWait(const std::vector<std::string>& arguments,
                   const std::map<std::string, std::string>& variables = {
                       {"MSP_API_KEY", msp::testing::kServerKey}}) {
  ChildProcess process(msp::testing::ServerProgram(), arguments, variables);
  const int exit_code = process.Wait();
  return {exit_code, process.output(), process.error()};
}

TEST_F(Lifecycle, PortInUseStopsTheStart) {
  const Ended ended = StartAndWait(
      {"--api_url=test", "--ops_listen=127.0.0.1:0", "--listen=" + server().address()});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.error, HasSubstr(server().address()));
  EXPECT_THAT(ended.error, HasSubstr("in use"));
  EXPECT_THAT(ended.output, Not(HasSubstr("serving")));
  EXPECT_TRUE(Create(CardOrder()).ok());  // The first one is unharmed.
}

TEST(Start, BadSettingEndsWithTwoAndOneLineThatNamesIt) {
  struct Case {
    std::vector<std::string> arguments;
    const char* setting;
  };
  const std::vector<Case> cases{
      {{}, "--api_url"},
      {{"--api_url=test", "--threads=-1"}, "--threads"},
      {{"--api_url=test", "--listen=0.0.0.0:0"}, "--listen"},
      {{"--api_url=http://api.example", "--allow_plaintext"}, "--api_url"},
      {{"--api_url=test", "--nonsense"}, "--nonsense"}};
  for (const Case& c : cases) {
    const Ended ended = StartAndWait(c.arguments);
    EXPECT_EQ(ended.exit_code, 2) << c.setting;
    EXPECT_THAT(ended.error, HasSubstr(c.setting));
    EXPECT_EQ(std::count(ended.error.begin(), ended.error.end(), '\n'), 1) << ended.error;
    EXPECT_THAT(ended.output, IsEmpty());
  }
}

TEST(Start, UnknownVariableEndsWithTwoAndOneLineThatNamesTheNearest) {
  const Ended ended = StartAndWait(
      {"--api_url=test"}, {{"MSP_API_KEY", msp::testing::kServerKey}, {"MSP_THREAD", "s3cret"}});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.error, HasSubstr("MSP_THREAD: "));
  EXPECT_THAT(ended.error, HasSubstr("MSP_THREADS"));
  EXPECT_THAT(ended.error, Not(HasSubstr("s3cret")));
  EXPECT_EQ(std::count(ended.error.begin(), ended.error.end(), '\n'), 1) << ended.error;
  EXPECT_THAT(ended.output, IsEmpty());
}

TEST(Start, WithoutAKeyEndsWithTwo) {
  const Ended ended = StartAndWait({"--api_url=test"}, {});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.error, HasSubstr("MSP_API_KEY"));
}

TEST(Start, VersionAndHelpNeedNoSettings) {
  const Ended version = StartAndWait({"--version"}, {});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, ::testing::MatchesRegex("msp-server [0-9]+\\.[0-9]+\\.[0-9]+.*\n"));
  const Ended help = StartAndWait({"--help"}, {});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, HasSubstr("--api_url"));
  EXPECT_THAT(help.output, HasSubstr("MSP_API_KEY"));
  EXPECT_THAT(help.error, IsEmpty());
}

TEST(Start, CheckPrintsTheSettingsWithoutTheKeyAndServesNothing) {
  const Ended ended = StartAndWait({"--api_url=live", "--check", "--threads=3"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.output, HasSubstr("threads=3"));
  EXPECT_THAT(ended.output + ended.error, Not(HasSubstr(msp::testing::kServerKey)));
  EXPECT_THAT(ended.output, Not(HasSubstr("serving")));
}

TEST_F(Lifecycle, KeyIsNowhereInTheProcessTable) {
  const std::string proc = "/proc/" + std::to_string(server().process().pid());
  for (const char* file : {"/cmdline", "/environ"}) {
    FILE* in = std::fopen((proc + file).c_str(), "r");
    ASSERT_NE(in, nullptr) << file;
    std::string content(1 << 16, '\0');
    content.resize(std::fread(content.data(), 1, content.size(), in));
    std::fclose(in);
    EXPECT_THAT(content, Not(IsEmpty()));
    EXPECT_EQ(content.find(msp::testing::kServerKey), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace msp::e2e
