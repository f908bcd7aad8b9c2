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
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/files.h"
#include "tests/testing/loopback.h"
#include "tests/testing/words.h"

namespace msp::e2e {
namespace {

using msp::testing::ChildProcess;
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
  std::string HealthOf(const std::string& service) { return e2e::HealthOf(channel(), service); }
};

TEST_F(Lifecycle, ReadyLineSaysWhereAndWhat) {
  const auto line = nlohmann::json::parse(server().ready_line());
  EXPECT_EQ(line.at("event"), "serving");
  EXPECT_EQ(line.at("listen"), server().address());
  EXPECT_EQ(line.at("ops"), server().ops());
  EXPECT_THAT(server().address() + server().ops(), Not(HasSubstr(":0")));
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
  HealthWatch watch(channel(), service);
  EXPECT_EQ(watch.Next(), "SERVING");
  server().process().Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  EXPECT_EQ(HealthOf(""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(service), "NOT_SERVING");
  EXPECT_TRUE(Create(CardOrder()).ok());
  // A client that comes only now is served too.
  EXPECT_TRUE(DialAnew(server().address())->WaitForConnected(Later()));
}

TEST_F(Lifecycle, ACallerWhoWatchesHealthDoesNotHoldUpTheEnd) {
  StartServer({"--drain_timeout_ms=10000", "--call_max_ms=5000"});
  HealthWatch watch(channel(), PaymentServices().front());
  EXPECT_EQ(watch.Next(), "SERVING");
  server().process().Signal(SIGTERM);
  while (!watch.Next().empty()) {
  }
  EXPECT_EQ(server().process().Wait(), 0);
}

// To gRPC the call is over and the server idle; its reply still comes, to nobody.
TEST_F(Lifecycle, ACallWhoseCallerHasGoneIsAwaitedAtTheEnd) {
  StartServer({"--drain_timeout_ms=20000", "--call_max_ms=15000"});
  HoldResponses();
  CallInFlight call(channel(), CardOrder());
  upstream().WaitForRequests(1);
  call.Cancel();
  EXPECT_EQ(NameOf(call.Join().error_code()), "CANCELLED");
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

// httplib waits for the request that a client sends a byte at a time; payments have ended by then.
TEST_F(Lifecycle, ASlowClientOfTheWebhookPortDoesNotDelayTheEnd) {
  StartServer({"--webhook_listen=127.0.0.1:0"});
  const auto line = nlohmann::json::parse(server().ready_line());
  const std::string webhook = line.at("webhook");
  const int fd = msp::testing::DialLoopback(std::stoi(webhook.substr(webhook.rfind(':') + 1)));
  ASSERT_EQ(send(fd, "POST ", 5, MSG_NOSIGNAL), 5);
  std::promise<void> ended;
  const std::shared_future<void> end = ended.get_future().share();
  std::thread client([fd, end] {
    while (end.wait_for(std::chrono::milliseconds(500)) == std::future_status::timeout &&
           send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
    }
  });
  // The webhook port reads by then.
  EXPECT_EQ(end.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(StopServer(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_THAT(server().logs(), HasSubstr("\"connections_dropped\""));
  ended.set_value();
  client.join();
  close(fd);
}

// By `limit`, an option of the shell's ulimit, which sets what the server starts with.
TEST_F(Lifecycle, OpensAsManyFilesAsTheSystemAllows) {
  for (const auto& [limit, warns] : {std::pair("-Sn 300", false), std::pair("-n 700", true)}) {
    ChildProcess server(
        "/bin/sh",
        {"-c", std::string("ulimit ") + limit + "; exec \"$@\"", "sh",
         msp::testing::ServerProgram(), "--api_url=http://127.0.0.1:1/v1/json",
         "--listen=127.0.0.1:0", "--ops_listen=off", "--drain_delay_ms=0", "--connections_max=500"},
        {{"MSP_API_KEY", msp::testing::kServerKey}});
    server.WaitForOutput("\"serving\"");
    const std::string limits =
        msp::testing::ContentOf("/proc/" + std::to_string(server.pid()) + "/limits");
    EXPECT_THAT(limits, Not(HasSubstr(" 300 "))) << limit;
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait(), 0);
    const auto warning = HasSubstr("allows 700 open files");
    EXPECT_THAT(server.error(), warns ? ::testing::Matcher<const std::string&>(warning)
                                      : ::testing::Matcher<const std::string&>(Not(warning)));
  }
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

TEST_F(Lifecycle, TerminationAndInterruptEndWithZero) {
  for (const int signal : {SIGTERM, SIGINT}) {
    SCOPED_TRACE(signal);
    StartServer();
    server().process().Signal(signal);
    EXPECT_EQ(server().process().Wait(), 0);
    EXPECT_THAT(server().logs(), HasSubstr("\"stopped\""));
  }
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
  const std::map<std::string, std::string> key{{"MSP_API_KEY", msp::testing::kServerKey}};
  auto misspelt = key;
  misspelt["MSP_THREAD"] = "s3cret";
  const struct {
    const char* name;
    const char* arguments;
    std::map<std::string, std::string> variables;
    const char* complaint;  // A pattern.
  } kRows[] = {
      {"no URL", "", key, "--api_url"},
      {"out of range", "--api_url=test --threads=-1", key, "--threads"},
      {"plaintext for others", "--api_url=test --listen=0.0.0.0:0", key, "--listen"},
      {"plaintext upstream", "--api_url=http://api.example --allow_plaintext", key, "--api_url"},
      {"unknown flag", "--api_url=test --nonsense", key, "--nonsense"},
      {"audit file that cannot be opened",
       "--api_url=test --listen=127.0.0.1:0 --ops_listen=off --audit_log_file=/nowhere/x", key,
       "--audit_log_file"},
      {"unknown variable, with the nearest", "--api_url=test", misspelt,
       "MSP_THREAD: .*MSP_THREADS"},
      {"no key", "--api_url=test", {}, "MSP_API_KEY"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const Ended ended = StartAndWait(msp::testing::Words(row.arguments), row.variables);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.error, ::testing::ContainsRegex(row.complaint));
    EXPECT_THAT(ended.error, Not(HasSubstr("s3cret")));
    EXPECT_EQ(std::count(ended.error.begin(), ended.error.end(), '\n'), 1) << ended.error;
    EXPECT_THAT(ended.output, IsEmpty());
  }
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
    const std::string content = msp::testing::ContentOf(proc + file);
    EXPECT_THAT(content, Not(IsEmpty()));
    EXPECT_EQ(content.find(msp::testing::kServerKey), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace msp::e2e
