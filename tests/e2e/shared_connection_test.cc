// SPDX-License-Identifier: Apache-2.0

// One HTTP/2 connection carries the calls of many tenants, as a proxy or a sidecar shares it: what
// one of them sends never ends the calls of the others.
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/end_to_end.h"

namespace msp::e2e {
namespace {

constexpr int kOrders = 20;
constexpr int kOversizedCalls = 40;
constexpr std::size_t kOversizedBytes = 6 << 20;
constexpr int kUnknownCalls = 1'000;
// What a proxy forwards by default, in as many fields as it forwards.
constexpr std::size_t kProxyMetadataBytes = 60 << 10;
constexpr std::size_t kProxyFields = 100;

class SharedConnectionTest : public EndToEnd {
 protected:
  // One connection, however long the test takes.
  SharedConnectionTest() { StartServer({"--connection_age_ms=0"}); }

  // The code of a call with so many bytes of metadata, names and values, in so many fields.
  grpc::StatusCode GetWithMetadata(std::size_t bytes, std::size_t fields) {
    grpc::ClientContext context;
    context.set_deadline(Later());
    for (std::size_t i = 0; i < fields; ++i) {
      const std::string name = "x-field-" + std::to_string(100 + i);
      context.AddMetadata(name, std::string(bytes / fields - name.size(), 'x'));
    }
    const v1::GetOrderRequest request;  // Refused, without a request to MultiSafepay.
    v1::GetOrderResponse response;
    return v1::OrderService::NewStub(channel())
        ->GetOrder(&context, request, &response)
        .error_code();
  }

  // The client addresses that the server's call lines name.
  std::set<std::string> PeersInLog() {
    std::set<std::string> peers;
    const std::string logs = server().logs();
    const std::string key = R"("peer":")";
    for (std::size_t at = logs.find(key); at != std::string::npos; at = logs.find(key, at)) {
      at += key.size();
      peers.insert(logs.substr(at, logs.find('"', at) - at));
    }
    return peers;
  }
};

TEST_F(SharedConnectionTest, OversizedAndUnknownCallsOfOneCallerEndNoPaymentOfAnother) {
  HoldResponses();
  channel();
  std::vector<Called<v1::CreateOrderResponse>> created(kOrders);
  std::vector<std::thread> callers;
  callers.reserve(kOrders);
  for (int i = 0; i < kOrders; ++i) {
    callers.emplace_back([this, i, &created] {
      created[static_cast<std::size_t>(i)] = Create(CardOrder("shared-" + std::to_string(i)));
    });
  }
  upstream().WaitForRequests(kOrders);

  const std::string oversized(kOversizedBytes, 'x');
  for (int i = 0; i < kOversizedCalls; ++i) {
    EXPECT_EQ(
        CallRaw(channel(), "/multisafepay.v1.OrderService/CreateOrder", oversized).error_code(),
        grpc::StatusCode::RESOURCE_EXHAUSTED)
        << i;
  }
  for (int i = 0; i < kUnknownCalls; ++i) {
    EXPECT_EQ(CallRaw(channel(), "/shop.v1.Basket/Fill", "x").error_code(),
              grpc::StatusCode::UNIMPLEMENTED)
        << i;
  }

  EXPECT_EQ(GetWithMetadata(kProxyMetadataBytes, kProxyFields), grpc::StatusCode::INVALID_ARGUMENT);

  gate().Open();
  for (std::thread& caller : callers) caller.join();
  for (const auto& order : created) {
    EXPECT_TRUE(order.ok()) << order.status.error_message();
    EXPECT_EQ(order.response.result().outcome(), v1::OUTCOME_CONFIRMED);
  }
  EXPECT_TRUE(Create(CardOrder("shared-after")).ok());
  EXPECT_EQ(StopServer(), 0);
  EXPECT_EQ(PeersInLog().size(), 1U) << "the calls came over more than one connection";
}

TEST_F(SharedConnectionTest, LargeOrdersOneAfterTheOtherAreAllAnswered) {
  v1::CreateOrderRequest order = CardOrder();
  order.set_items(std::string(200'000, 'i'));
  for (int i = 0; i < 300; ++i) {
    order.set_order_id("large-" + std::to_string(i));
    const auto called = Create(order);
    ASSERT_TRUE(called.ok()) << i << ": " << called.status.error_message();
  }
  EXPECT_EQ(StopServer(), 0);
  EXPECT_EQ(PeersInLog().size(), 1U);
}

}  // namespace
}  // namespace msp::e2e
