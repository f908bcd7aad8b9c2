// SPDX-License-Identifier: Apache-2.0

// Orders that are unusual and right: each arrives as it was given.
#include <string>

#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/payments/orders.h"

namespace msp::e2e {
namespace {

using nlohmann::json;

// The body as protobuf's own printer would have it, with the two rules that are ours: 64-bit
// numbers are numbers, and a card number has no spaces.
json ExpectedBody(const v1::CreateOrderRequest& order) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(order, &text, options).ok());
  json body = json::parse(text);
  body.erase("control");
  if (body.contains("amount")) body["amount"] = order.amount();
  if (order.gateway_info().has_card_number()) {
    std::string number = order.gateway_info().card_number();
    std::erase(number, ' ');
    body["gateway_info"]["card_number"] = number;
  }
  return body;
}

class AcceptedOrder : public EndToEnd {};

TEST_F(AcceptedOrder, ArrivesUnchangedAndIsAnsweredUnderItsOwnId) {
  for (const payments::OrderCase& c : payments::AcceptedOrders()) {
    const v1::CreateOrderRequest order = payments::Changed(c);
    const auto call = Create(order);
    ASSERT_TRUE(call.ok()) << c.name << ": " << call.status.error_message();
    const RecordedRequest request = upstream().requests().back();
    EXPECT_EQ(request.method + " " + request.target, "POST /v1/json/orders") << c.name;
    EXPECT_EQ(json::parse(request.body), ExpectedBody(order)) << c.name;
    EXPECT_EQ(call.response.order().order_id(), order.order_id()) << c.name;
    EXPECT_EQ(call.response.order().payment_state(), v1::PAYMENT_STATE_PAID) << c.name;
    EXPECT_EQ(call.response.result().outcome(), v1::OUTCOME_CONFIRMED) << c.name;
  }
  EXPECT_EQ(upstream().Count("POST"), static_cast<int>(payments::AcceptedOrders().size()));
}

TEST_F(AcceptedOrder, IsARedirectWhereItHasNeitherTypeNorCard) {
  for (const bool empty : {false, true}) {
    v1::CreateOrderRequest order = payments::RedirectOrder();
    order.clear_type();
    if (empty) order.set_type("");
    order.set_order_id(empty ? "type-empty" : "type-absent");
    const auto call = Create(order);
    ASSERT_TRUE(call.ok()) << call.status.error_message();
    EXPECT_EQ(json::parse(upstream().requests().back().body).at("type"), "redirect");
  }
}

TEST_F(AcceptedOrder, IdIsOneSegmentOfThePathWhenItIsRead) {
  const std::pair<const char*, const char*> kRows[] = {
      {"000000962", "000000962"},
      {"A/B 1", "A%2FB%201"},
      {"é", "%C3%A9"},
      {"../gateways?x=#", "..%2Fgateways%3Fx%3D%23"}};
  for (const auto& [id, segment] : kRows) {
    EXPECT_EQ(Get(id).code(), "NOT_FOUND") << id;
    EXPECT_EQ(upstream().requests().back().target, std::string("/v1/json/orders/") + segment);
  }
}

}  // namespace
}  // namespace msp::e2e
