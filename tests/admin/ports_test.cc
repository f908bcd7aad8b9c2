// SPDX-License-Identifier: Apache-2.0

// The operators' port as a setting: where it is, when it stops the start, and what its pages hide.
#include "tests/admin/admin_port.h"
#include "tests/testing/connect_proxy.h"

namespace msp::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AdminPort, PortInUseStopsTheStartWithTwoAndOneLineThatNamesTheSetting) {
  msp::testing::ChildProcess second(
      msp::testing::ServerProgram(),
      {"--api_url=test", "--listen=127.0.0.1:0", "--ops_listen=" + server().ops()},
      {{"MSP_API_KEY", msp::testing::kServerKey}});
  EXPECT_EQ(second.Wait(), 2);
  EXPECT_THAT(second.error(), HasSubstr("--ops_listen"));
  EXPECT_THAT(second.error(), HasSubstr("in use"));
  EXPECT_THAT(second.output(), Not(HasSubstr("serving")));
  EXPECT_EQ(GetPage("/livez").status, 200);  // The first one is unharmed.
}

TEST_F(AdminPort, PortCanBeOff) {
  StartServer({"--ops_listen=off"});
  EXPECT_EQ(server().ops(), "");
  EXPECT_TRUE(Create(e2e::CardOrder()).ok());
  EXPECT_EQ(StopServer(), 0);
}

TEST_F(AdminPort, StatusPageShowsTheLastErrorsAndNoSecret) {
  msp::testing::ConnectProxy proxy;
  StartServer({"--proxy=http://user:pa55word@" + proxy.url().substr(7)});
  upstream().Script([](const e2e::RecordedRequest&) {
    return e2e::Reply::Json(401, R"({"success":false,"data":{},"error_code":1032,)"
                                 R"("error_info":"Invalid API key of 4111111111111111"})");
  });
  e2e::v1::CreateOrderRequest order = e2e::CardOrder("secret-order-1");
  order.mutable_customer()->set_first_name("Wilhelmina");
  EXPECT_FALSE(Create(order).ok());
  const Page page = GetPage("/statusz");
  EXPECT_EQ(page.status, 200);
  for (const char* shown : {"CreateOrder", "UNAUTHENTICATED", "MSP_1032", "401", "threads"})
    EXPECT_THAT(page.body, HasSubstr(shown));
  for (const char* hidden : {"4111111111111111", "Wilhelmina", "secret-order-1", "pa55word",
                             msp::testing::kServerKey, "<script"})
    EXPECT_THAT(page.body, Not(HasSubstr(hidden)));
}

TEST_F(AdminPort, MetricsPageHoldsNothingOfARequest) {
  EXPECT_TRUE(Create(e2e::CardOrder("secret-order-1")).ok());
  const std::string page = GetPage("/metrics").body;
  EXPECT_THAT(page, HasSubstr(R"(msp_calls_total{code="OK",method="CreateOrder")"));
  for (const char* hidden : {"4111111111111111", "secret-order-1", msp::testing::kServerKey})
    EXPECT_THAT(page, Not(HasSubstr(hidden)));
}

}  // namespace
}  // namespace msp::admin
