// SPDX-License-Identifier: Apache-2.0

// One trace id, from the caller to MultiSafepay's request, the log line and the audit line.
#include "tests/admin/admin_port.h"

namespace msp::admin {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kCallerSpan[] = "00f067aa0ba902b7";

class Traced : public AdminPort {
 protected:
  void Create(const std::string& flags) {
    grpc::ClientContext context;
    context.set_deadline(e2e::Later());
    if (!flags.empty()) {
      context.AddMetadata("traceparent",
                          std::string("00-") + kTrace + "-" + kCallerSpan + "-" + flags);
      context.AddMetadata("tracestate", "vendor=value");
    }
    e2e::v1::CreateOrderResponse response;
    EXPECT_TRUE(e2e::v1::OrderService::NewStub(channel())
                    ->CreateOrder(&context, e2e::CardOrder(), &response)
                    .ok());
  }
  // All lines of the log; the server has ended.
  std::vector<Json> Lines(const std::string& event) {
    StopServer();
    return LinesOf(server().process().error(), event);
  }
};

TEST_F(Traced, CallersTraceIdIsInTheUpstreamsHeadersTheLogLineAndTheAuditLine) {
  StartServer({"--audit_log_file=" + file_, "--audit_flush"});
  Create("01");
  const std::string parent = OnlyPost().Header("traceparent");
  EXPECT_THAT(parent, MatchesRegex(std::string("00-") + kTrace + "-[0-9a-f]{16}-01"));
  EXPECT_EQ(parent.find(kCallerSpan), std::string::npos);  // A child of ours, not the caller's.
  EXPECT_EQ(OnlyPost().Header("tracestate"), "vendor=value");
  // On disk before the reply came.
  const auto audit = LinesOf(ContentOf(file_), "audit");
  ASSERT_THAT(audit, SizeIs(1));
  EXPECT_EQ(audit[0].at("trace_id"), kTrace);
  const auto log = Lines("call");
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].at("trace_id"), kTrace);
}

TEST_F(Traced, CallWithoutATraceGetsOneOfItsOwn) {
  Create("");
  const auto log = Lines("call");
  ASSERT_THAT(log, SizeIs(1));
  const std::string id = log[0].at("trace_id");
  EXPECT_THAT(OnlyPost().Header("traceparent"), MatchesRegex("00-" + id + "-[0-9a-f]{16}-00"));
  EXPECT_EQ(OnlyPost().Header("tracestate"), "");
}

TEST_F(Traced, SpansOfASampledTraceFormOneTree) {
  StartServer({"--trace=spans"});
  Create("01");
  const std::string sent = OnlyPost().Header("traceparent");
  const auto spans = Lines("span");
  ASSERT_THAT(spans, SizeIs(2));
  const Json& client = spans[0].at("kind") == "client" ? spans[0] : spans[1];
  const Json& served = spans[0].at("kind") == "client" ? spans[1] : spans[0];
  EXPECT_EQ(served.at("parent_span_id"), kCallerSpan);
  EXPECT_EQ(client.at("parent_span_id"), served.at("span_id"));
  EXPECT_EQ(sent,
            std::string("00-") + kTrace + "-" + client.at("span_id").get<std::string>() + "-01");
}

TEST_F(Traced, UnsampledTraceHasNoSpanLines) {
  StartServer({"--trace=spans"});
  Create("00");
  EXPECT_THAT(Lines("span"), SizeIs(0));
}

TEST_F(Traced, OffSendsNothingAndLogsNone) {
  StartServer({"--trace=off"});
  Create("01");
  EXPECT_EQ(OnlyPost().Header("traceparent"), "");
  EXPECT_FALSE(Lines("call").at(0).contains("trace_id"));
}

}  // namespace
}  // namespace msp::admin
