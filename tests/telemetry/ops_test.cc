// SPDX-License-Identifier: Apache-2.0

// The operators' port answers by itself, whatever its clients do, and shares its address with
// nobody.
#include "service/telemetry/ops.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/loopback.h"

namespace msp::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Ops : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ops = OpsServer::Start("127.0.0.1:0", {.metrics = [] { return "one_total 1\n"; },
                                                .status = [] { return "<p>fine</p>"; }});
    ASSERT_TRUE(ops.ok()) << ops.status();
    ops_ = *std::move(ops);
  }
  int port() const { return testing::PortOf(ops_->listening()); }
  httplib::Result Get(const std::string& path) const {
    return httplib::Client("127.0.0.1", port()).Get(path);
  }
  int StatusOf(const std::string& path) const { return Get(path)->status; }
  // A connection on which nothing is sent.
  int Connect() const { return testing::DialLoopback(port()); }

  std::unique_ptr<OpsServer> ops_;
};

TEST_F(Ops, ReadinessFollowsThePhaseAndLivenessDoesNot) {
  struct Row {
    Phase phase;
    int ready;
    const char* word;
  };
  EXPECT_EQ(StatusOf("/readyz"), 503);  // Starting, before anybody said so.
  for (const Row& row :
       {Row{Phase::kStarting, 503, "starting\n"}, Row{Phase::kServing, 200, "ready\n"},
        Row{Phase::kDraining, 503, "draining\n"}}) {
    ops_->SetPhase(row.phase);
    EXPECT_EQ(StatusOf("/livez"), 200) << row.word;
    EXPECT_EQ(StatusOf("/readyz"), row.ready) << row.word;
    EXPECT_EQ(Get("/readyz")->body, row.word);
  }
}

TEST_F(Ops, MetricsCarryPrometheusContentType) {
  const auto answer = Get("/metrics");
  EXPECT_EQ(answer->body, "one_total 1\n");
  EXPECT_THAT(answer->get_header_value("Content-Type"), StartsWith("text/plain; version=0.0.4"));
}

TEST_F(Ops, StatusPageLetsNothingRun) {
  const auto answer = Get("/statusz");
  EXPECT_EQ(answer->body, "<p>fine</p>");
  EXPECT_THAT(answer->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST_F(Ops, OtherPathsSayWhichThereAre) {
  const auto answer = Get("/");
  EXPECT_EQ(answer->status, 404);
  EXPECT_THAT(answer->body, HasSubstr("/readyz"));
}

TEST_F(Ops, NothingCanBeSentToIt) {
  const auto answer = httplib::Client("127.0.0.1", port()).Post("/metrics", "x", "text/plain");
  EXPECT_EQ(answer->status, 404);
}

TEST_F(Ops, AddressInUseIsAnError) {
  const auto second = OpsServer::Start(ops_->listening(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(ops_->listening()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
}

TEST_F(Ops, VisitorsWhoSayNothingHoldItUpForSecondsOnly) {
  std::vector<int> silent;
  for (int i = 0; i < 6; ++i) silent.push_back(Connect());
  ops_->SetPhase(Phase::kServing);
  httplib::Client client("127.0.0.1", port());
  client.set_read_timeout(30);
  const auto answer = client.Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  for (const int fd : silent) close(fd);
}

}  // namespace
}  // namespace msp::telemetry
