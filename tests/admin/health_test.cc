// SPDX-License-Identifier: Apache-2.0

// The truth table of health: what happens to the server or to MultiSafepay, and what each of the
// four signs says then. An upstream in trouble is no reason to restart a replica or to send callers
// away: the next one talks to the same MultiSafepay.
#include <future>

#include "service/telemetry/ops.h"
#include "tests/admin/admin_port.h"

namespace msp::admin {
namespace {

constexpr char kService[] = "multisafepay.v1.OrderService";

// What the four signs say.
struct Signs {
  int livez = 0;
  int readyz = 0;
  std::string check;  // The code where nobody answers,
  std::string watch;  // and "" then.

  bool operator==(const Signs&) const = default;
};

void PrintTo(const Signs& signs, std::ostream* out) {
  *out << "livez " << signs.livez << ", readyz " << signs.readyz << ", check " << signs.check
       << ", watch " << signs.watch;
}

const Signs kReady{200, 200, "SERVING", "SERVING"};

Signs ReadSigns(const std::string& ops, const std::shared_ptr<grpc::Channel>& channel) {
  return {.livez = GetPage(ops, "/livez").status,
          .readyz = GetPage(ops, "/readyz").status,
          .check = e2e::HealthOf(channel, kService),
          .watch = e2e::HealthWatch(channel, kService).Next()};
}

class HealthTable : public AdminPort {
 protected:
  Signs ReadSigns() { return admin::ReadSigns(server().ops(), channel()); }
  std::string Ask(const std::string& name) { return e2e::HealthOf(channel(), name); }
};

TEST(HealthTableBefore, StartingIsAliveAndNotReady) {
  // The port is served before gRPC is, which nobody reaches yet.
  const auto ops = telemetry::OpsServer::Start("127.0.0.1:0", {});
  ASSERT_TRUE(ops.ok());
  const auto nobody = grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
  EXPECT_EQ(ReadSigns((*ops)->listening(), nobody), (Signs{200, 503, "UNAVAILABLE", ""}));
}

TEST_F(HealthTable, ServingWithAColdPoolIsReady) {
  EXPECT_EQ(ReadSigns(), kReady);
  EXPECT_EQ(upstream().connections(), 0);
}

TEST_F(HealthTable, UpstreamDownIsAliveAndReady) {
  upstream().RefuseConnections(e2e::CloseMode::kRst);
  EXPECT_EQ(Get().code(), "UNAVAILABLE");
  EXPECT_EQ(ReadSigns(), kReady);
}

TEST_F(HealthTable, RefusedKeyIsAliveAndReady) {
  upstream().Answer(401, R"({"success":false,"data":{},"error_code":1032,"error_info":"No"})");
  EXPECT_EQ(Create(e2e::CardOrder()).code(), "UNAUTHENTICATED");
  EXPECT_EQ(ReadSigns(), kReady);
}

TEST_F(HealthTable, OverloadIsAliveAndReady) {
  StartServer({"--http_connections_max=2", "--http_queue_max=1"});
  HoldResponses();
  server();
  auto held = std::async(std::launch::async, [this] { return Get("held"); });
  upstream().WaitForRequests(1);
  EXPECT_EQ(Get("refused").code(), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(ReadSigns(), kReady);
  EXPECT_EQ(Sum(Scrape(), "msp_queue_refused_total", {R"(kind="read")"}), 1);
  EXPECT_EQ(Sum(Scrape(), "msp_calls_in_flight"), 1);
  gate().Open();
  held.get();
}

TEST_F(HealthTable, DrainingIsAliveAndNotReadyAndWatchersAreNotified) {
  StartServer({"--drain_delay_ms=60000"});
  e2e::HealthWatch watch(channel(), kService);
  EXPECT_EQ(watch.Next(), "SERVING");
  server().process().Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), "NOT_SERVING");
  EXPECT_EQ(ReadSigns(), (Signs{200, 503, "NOT_SERVING", "NOT_SERVING"}));
  EXPECT_EQ(GetPage("/readyz").body, "draining\n");
  EXPECT_EQ(Ask("readiness"), "NOT_SERVING");
  EXPECT_EQ(Ask("liveness"), "SERVING");
}

TEST_F(HealthTable, ProbesHaveNamesOfTheirOwn) {
  EXPECT_EQ(Ask("readiness"), "SERVING");
  EXPECT_EQ(Ask("liveness"), "SERVING");
  EXPECT_EQ(Ask("nobody"), "NOT_FOUND");
}

}  // namespace
}  // namespace msp::admin
