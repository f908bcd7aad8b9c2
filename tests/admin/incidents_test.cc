// SPDX-License-Identifier: Apache-2.0

// Three incidents of docs/operations.md, replayed against the sandbox: MultiSafepay is slow, it
// refuses the key, or it loses its replies after it has acted. Each is distinguished from the
// others, and from a good day, by the metrics alone and by the log alone; the rules here are those
// of the manual's alert table.
#include <functional>
#include <set>

#include "tests/admin/admin_port.h"
#include "tests/testing/sandbox.h"

namespace msp::admin {
namespace {

using ::testing::SizeIs;

// Slow is slower than this, in seconds; the fault makes it half as slow again.
constexpr double kSlow_s = 0.2;
constexpr int kLatency_ms = 300;

// What an incident is called where it is found.
using Found = std::set<std::string>;

// MspUpstreamSlow, MspKeyRefused and MspRepliesLost over the time between two scrapes.
Found FoundInMetrics(const Samples& before, const Samples& after) {
  const auto increase = [&](const std::string& name, const std::vector<std::string>& parts = {}) {
    return Sum(after, name, parts) - Sum(before, name, parts);
  };
  Found found;
  const std::string exchange = "msp_exchange_duration_seconds";
  const std::vector<std::string> first_byte{R"(part="first_byte")"};
  const double count = increase(exchange + "_count", first_byte);
  if (count > 0 && increase(exchange + "_sum", first_byte) / count > kSlow_s) found.insert("slow");
  if (increase("msp_exchanges_total", {R"(error_code="1032")"}) > 0) found.insert("key");
  if (increase("msp_exchanges_total", {R"(fate="unknown")"}) > 0) found.insert("lost");
  return found;
}

// The same from the lines of the calls.
Found FoundInLog(const std::vector<Json>& lines) {
  Found found;
  for (const Json& line : lines) {
    if (line.at("looks") == 0 && line.at("upstream_ms") > kSlow_s * 1000) found.insert("slow");
    if (line.value("reason", "") == "MSP_1032") found.insert("key");
    if (line.at("looks") > 0 || line.value("outcome", "") == "UNKNOWN") found.insert("lost");
  }
  return found;
}

class Incident : public ::testing::Test {
 protected:
  void SetUp() override {
    sandbox_ = msp::testing::StartSandbox();
    server_ = std::make_unique<msp::testing::ServerProcess>(
        sandbox_->base_url(), std::vector<std::string>{"--reconcile_backoff_ms=5"});
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  }

  void Replay(const Json& match, const Json& effect) {
    msp::testing::AskSandbox<Json>(*sandbox_, "faults", {{"match", match}, {"effect", effect}});
  }
  // Five payments by card; how they ended.
  std::set<std::string> Pay() {
    std::set<std::string> codes;
    for (int i = 0; i < 5; ++i) {
      const auto order = e2e::CardOrder("order-" + std::to_string(++orders_));
      codes.insert(e2e::Call(channel_, &e2e::v1::OrderService::Stub::CreateOrder, order).code());
    }
    return codes;
  }
  Samples Scrape() const { return SamplesOf(GetPage(server_->ops(), "/metrics").body); }
  std::vector<Json> Lines() {
    channel_.reset();
    server_->Stop();
    return LinesOf(server_->process().error(), "call");
  }
  // Pays while the fault is on; what the metrics say, then the log.
  void ExpectFound(const std::set<std::string>& codes, const Found& expected) {
    const Samples before = Scrape();
    EXPECT_EQ(Pay(), codes);
    EXPECT_EQ(FoundInMetrics(before, Scrape()), expected);
    const std::vector<Json> lines = Lines();
    EXPECT_THAT(lines, SizeIs(5));
    EXPECT_EQ(FoundInLog(lines), expected);
  }

 private:
  std::unique_ptr<sandbox::Server> sandbox_;
  std::unique_ptr<msp::testing::ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
  int orders_ = 0;
};

const Json kEveryPayment{{"method", "POST"}, {"path", "/v1/json/orders"}};

TEST_F(Incident, GoodDayShowsNone) { ExpectFound({"OK"}, {}); }

TEST_F(Incident, SlowUpstreamIsDistinguished) {
  Replay(kEveryPayment, {{"name", "latency"}, {"ms", kLatency_ms}});
  ExpectFound({"OK"}, {"slow"});
}

TEST_F(Incident, RefusedKeyIsDistinguished) {
  Replay(Json::object(), {{"name", "api_error"}, {"error_code", 1032}});
  ExpectFound({"UNAUTHENTICATED"}, {"key"});
}

TEST_F(Incident, RepliesLostAfterTheActAreDistinguishedAndEndConfirmed) {
  Replay(kEveryPayment, {{"name", "commit_then_fail"}, {"then", "reset"}});
  ExpectFound({"OK"}, {"lost"});
}

}  // namespace
}  // namespace msp::admin
