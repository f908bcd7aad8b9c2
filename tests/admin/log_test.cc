// SPDX-License-Identifier: Apache-2.0

// One line a call with all that an operator asks, nothing of a card, and never at a call's
// cost.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "tests/admin/admin_port.h"

namespace msp::admin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// The line has these members, and may have more.
void ExpectMembers(const Json& line, const char* text) {
  const Json expected = Json::parse(text);
  for (const auto& [name, value] : expected.items()) EXPECT_EQ(line.at(name), value) << name;
}

class Logged : public AdminPort {
 protected:
  void GetWithCardInMetadata() {
    grpc::ClientContext context;
    context.AddMetadata("traceparent", "00-4111111111111111");
    context.AddMetadata("tracestate", "card=4111111111111111");
    e2e::v1::GetOrderRequest get;
    get.set_order_id("4111-1111-1111-1111");
    e2e::v1::GetOrderResponse response;
    e2e::v1::OrderService::NewStub(channel())->GetOrder(&context, get, &response);
  }
};

TEST_F(Logged, LineOfACallHoldsEveryField) {
  EXPECT_TRUE(Create(e2e::CardOrder("order-7")).ok());
  StopServer();
  const auto lines = LinesOf(server().process().error(), "call");
  ASSERT_THAT(lines, SizeIs(1));
  const Json& line = lines[0];
  ExpectMembers(line, R"({
    "level": "info", "method": "CreateOrder", "site": "default", "order_id": "order-7",
    "code": "OK", "outcome": "CONFIRMED", "state": "PAID", "http_status": 200, "attempts": 1})");
  EXPECT_GT(line.at("upstream_ms").get<double>(), 0);
  EXPECT_GE(line.at("total_ms").get<double>(), line.at("upstream_ms").get<double>());
  EXPECT_THAT(line.at("peer").get<std::string>(), StartsWith("ipv4:127.0.0.1:"));
  EXPECT_TRUE(line.contains("time"));
  EXPECT_TRUE(line.contains("trace_id"));
}

TEST_F(Logged, FailedCallSaysWhy) {
  EXPECT_FALSE(Get("order-7").ok());
  StopServer();
  const Json line = LinesOf(server().process().error(), "call").at(0);
  ExpectMembers(line, R"({
    "code": "NOT_FOUND", "reason": "MSP_1006", "error_code": 1006, "http_status": 404})");
}

TEST_F(Logged, AuditHasALineForEachMoneyMovingCallAndForNoOther) {
  StartServer({"--audit_log_file=" + file_});
  EXPECT_TRUE(Create(e2e::CardOrder("order-7")).ok());
  Get("order-7");
  e2e::v1::CreateOrderRequest bad = e2e::CardOrder("order-8");
  bad.clear_order_id();
  EXPECT_FALSE(Create(bad).ok());
  StopServer();
  const auto lines = LinesOf(ContentOf(file_), "audit");
  ASSERT_THAT(lines, SizeIs(2));
  ExpectMembers(lines[0], R"({"method": "CreateOrder", "order_id": "order-7", "amount": 9743,
    "currency": "EUR", "outcome": "CONFIRMED"})");
  EXPECT_THAT(lines[0].at("idempotency_key").get<std::string>(), Not(IsEmpty()));
  EXPECT_EQ(lines[1].at("outcome"), "NOT_SENT");
}

TEST_F(Logged, CardIsInNoLineWhereverItCameFrom) {
  StartServer({"--audit_log_file=" + file_, "--trace=spans", "--log_level=debug"});
  EXPECT_TRUE(Create(e2e::CardOrder("order-7")).ok());
  // A card number where an order id belongs, and in metadata.
  e2e::v1::CreateOrderRequest misplaced = e2e::CardOrder("4111 1111 1111 1111 / 123");
  Create(misplaced);
  misplaced.clear_currency();
  Create(misplaced);
  // Its order id is valid, and another field is refused.
  misplaced.set_order_id("4111111111111111");
  misplaced.clear_description();
  const auto refused = Create(misplaced);
  EXPECT_THAT(refused.error().Fields(), Contains("description"));
  GetWithCardInMetadata();
  StopServer();
  const std::string all = ContentOf(file_) + server().logs();
  EXPECT_THAT(LinesOf(all, "call"), SizeIs(5));
  for (const char* hidden : {"4111111111111111", "4111 1111", "4111-1111", "41111111"})
    EXPECT_THAT(all, Not(HasSubstr(hidden)));
}

TEST_F(Logged, FullAuditDiskCostsLinesThatAreCountedAndNoCall) {
  StartServer({"--audit_log_file=/dev/full", "--audit_flush"});
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(Create(e2e::CardOrder("order-" + std::to_string(i))).ok());
  EXPECT_EQ(Sum(Scrape(), "msp_log_lines_dropped_total", {R"(log="audit")"}), 5);
  EXPECT_EQ(Sum(Scrape(), "msp_audit_unflushed_total"), 5);
  EXPECT_EQ(StopServer(), 0);
}

TEST_F(Logged, StuckAuditSinkHoldsNoCallAndNoStop) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  const int reader = open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open(file_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  while (write(writer, "x", 1) == 1) {
  }
  StartServer({"--audit_log_file=" + file_});
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(Create(e2e::CardOrder("order-" + std::to_string(i))).ok());
  EXPECT_EQ(StopServer(), 0);
  close(writer);
  close(reader);
}

TEST_F(Logged, StuckLogLosesLinesThatAreCountedAndHoldsNoCall) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  const int reader = open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  msp::testing::ChildProcess process(
      "/bin/sh",
      {"-c", "exec \"$0\" \"$@\" 2> " + file_, msp::testing::ServerProgram(),
       "--api_url=" + upstream().url() + "/v1/json", "--listen=127.0.0.1:0",
       "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0"},
      {{"MSP_API_KEY", msp::testing::kServerKey}});
  const Json ready = Json::parse(process.WaitForOutput("serving"));
  auto channel = grpc::CreateChannel(ready.at("listen").get<std::string>(),
                                     grpc::InsecureChannelCredentials());
  // More lines than the pipe and the memory for them take.
  constexpr int kCalls = 13'000;
  for (int i = 0; i < kCalls; ++i)
    ASSERT_EQ(e2e::GetOrder(channel, "order-" + std::to_string(i)).code(), "NOT_FOUND");
  const std::string ops = ready.at("ops");
  const Samples samples = SamplesOf(admin::GetPage(ops, "/metrics").body);
  EXPECT_GT(Sum(samples, "msp_log_lines_dropped_total", {R"(log="calls")"}), 0);
  channel.reset();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  close(reader);
}

}  // namespace
}  // namespace msp::admin
