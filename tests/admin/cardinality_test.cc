// SPDX-License-Identifier: Apache-2.0

// Ten thousand distinct orders, sites and traces leave the number of series where it was.
#include "tests/admin/admin_port.h"

namespace msp::admin {
namespace {

TEST_F(AdminPort, SeriesStayBoundedUnderTenThousandOrdersAndSites) {
  StartServer({"--log_level=error"});
  const auto call = [this](int number) {
    const std::string id = std::to_string(number);
    e2e::v1::GetOrderRequest request;
    request.set_order_id("order-" + id);
    e2e::Call(channel(), &e2e::v1::OrderService::Stub::GetOrder, request, "site-" + id);
  };
  for (int i = 0; i < 10; ++i) call(i);
  const Samples before = Scrape();
  for (int i = 10; i < 10'000; ++i) call(i);
  const Samples after = Scrape();
  EXPECT_EQ(after.size(), before.size());
  EXPECT_EQ(Sum(after, "msp_calls_total", {R"(method="GetOrder")"}), 10'000);
}

}  // namespace
}  // namespace msp::admin
