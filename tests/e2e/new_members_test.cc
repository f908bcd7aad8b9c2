// SPDX-License-Identifier: Apache-2.0

// Members that MultiSafepay may add tomorrow: a caller sends and reads them through a server that
// does not know them, at every level of a request and of an answer.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include "multisafepay/v1/payment_method_service.grpc.pb.h"
#include "multisafepay/v1/terminal_service.grpc.pb.h"
#include "multisafepay/v1/token_service.grpc.pb.h"
#include "multisafepay/v1/transaction_service.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/http_get.h"
#include "tests/testing/requests.h"

namespace msp::e2e {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

pb::Struct StructOf(const json& object) {
  pb::Struct members;
  EXPECT_TRUE(pb::util::JsonStringToMessage(object.dump(), &members).ok());
  return members;
}

json JsonOf(const pb::Struct& members) {
  std::string text;
  EXPECT_TRUE(pb::util::MessageToJsonString(members, &text).ok());
  return json::parse(text);
}

// Objects and arrays in one another, five levels of them, with every kind of value.
json Tomorrow(const std::string& where) {
  return {
      {"tomorrow_" + where,
       {{"since", 2027},
        {"rate", 0.25},
        {"steps", {1, "two", nullptr, false, {{"inner", {json::array(), {{"last", where}}}}}}}}},
      {"plain_" + where, "tulips \"red\" é"}};
}

// The part of an answer has one new member, of this value as JSON.
template <class Part>
void ExpectTomorrow(const Part& part, const char* value) {
  EXPECT_EQ(JsonOf(part.unmodelled()), json({{"tomorrow", json::parse(value)}}));
}

class NewMembers : public EndToEnd {
 protected:
  // `request` in text format.
  template <class Method>
  auto Ask(Method method, const char* request, const std::string& data) {
    upstream().Answer(200, R"({"success":true,"data":)" + data + "}");
    const auto call = Call(channel(), method, request);
    EXPECT_TRUE(call.ok()) << call.status.error_message();
    return call.response;
  }
};

TEST_F(NewMembers, AreSentAtEveryLevelOfAnOrder) {
  v1::CreateOrderRequest order = CardOrder();
  order.mutable_customer()->set_city("Delft");
  order.mutable_payment_options()->set_close_window(true);
  const std::vector<std::pair<std::string, pb::Struct*>> levels{
      {"order", order.mutable_more()},
      {"customer", order.mutable_customer()->mutable_more()},
      {"delivery", order.mutable_delivery()->mutable_more()},
      {"gateway_info", order.mutable_gateway_info()->mutable_more()},
      {"payment_options", order.mutable_payment_options()->mutable_more()},
      {"checkout_options", order.mutable_checkout_options()->mutable_more()}};
  for (const auto& [level, more] : levels) *more = StructOf(Tomorrow(level));
  ASSERT_TRUE(Create(order).ok());

  json expected{
      {"type", "direct"},
      {"order_id", "order-1"},
      {"currency", "EUR"},
      {"amount", 9743},
      {"gateway", "CREDITCARD"},
      {"description", "two chairs"},
      {"customer", {{"city", "Delft"}}},
      {"payment_options", {{"close_window", true}}},
      {"gateway_info",
       {{"card_number", "4111111111111111"}, {"card_expiry_date", "3012"}, {"card_cvc", "123"}}}};
  for (const auto& level : levels) {
    json& object = level.first == "order" ? expected : expected[level.first];
    object.update(Tomorrow(level.first));
  }
  EXPECT_EQ(json::parse(OnlyPost().body), expected);
}

TEST_F(NewMembers, AreSentWithARefund) {
  upstream().Script([](const RecordedRequest& request) {
    if (request.method == "POST")
      return Reply::Json(200, R"({"success":true,"data":{"transaction_id":7,"refund_id":8}})");
    return Reply::Json(200, R"({"success":true,"data":{"order_id":"order-1","transaction_id":7,
        "status":"completed","financial_status":"completed","amount":9743,"currency":"EUR"}})");
  });
  auto refund = msp::testing::FromText<v1::RefundOrderRequest>(
      "order_id: 'order-1' amount: 100 currency: 'EUR'");
  *refund.mutable_more() = StructOf(Tomorrow("refund"));
  const auto call = Call(channel(), &v1::OrderService::Stub::RefundOrder, refund);
  ASSERT_TRUE(call.ok()) << call.status.error_message();
  const json sent = json::parse(OnlyPost().body);
  EXPECT_EQ(sent.at("amount"), 100);
  const json members = Tomorrow("refund");
  for (const auto& [name, value] : members.items()) EXPECT_EQ(sent.at(name), value);
}

TEST_F(NewMembers, MakeADifferentPaymentOfAnOrder) {
  const auto keys = [&](const json& more) {
    v1::CreateOrderRequest order = CardOrder();
    if (!more.empty()) *order.mutable_more() = StructOf(more);
    order.mutable_control()->set_validate_only(true);
    return Create(order).response.result().idempotency_key();
  };
  EXPECT_NE(keys({}), "");
  EXPECT_NE(keys({{"instalments", 3}}), keys({}));
  EXPECT_NE(keys({{"instalments", 3}}), keys({{"instalments", 4}}));
  EXPECT_EQ(keys({{"a", 1}, {"b", 2}}), keys({{"b", 2}, {"a", 1}}));
}

// With each number's digits, which a double would not hold.
TEST_F(NewMembers, AreReadAtEveryLevelOfAnAnswer) {
  upstream().Answer(200, R"({"success":true,"tomorrow_envelope":1,"data":{"order_id":"order-1",
      "status":"completed","tomorrow":{"id":123456789012345678901,"list":[1.50,{"deep":["x",true]}]},
      "customer":{"city":"Delft","tomorrow":1e3},
      "payment_details":{"type":"VISA","tomorrow":0.10,
        "card_authentication_result":{"eci":"05","tomorrow":"y"}},
      "related_transactions":[{"amount":5,"tomorrow":[],"costs":[{"amount":19,"tomorrow":{}}]}],
      "payment_methods":[{"type":"VISA","tomorrow":false}],
      "costs":[{"amount":7,"tomorrow":"c","nothing":null}]}})");
  const auto call = Get();
  ASSERT_TRUE(call.ok()) << call.status.error_message();
  const v1::Order& order = call.response.order();
  ExpectTomorrow(order, R"({"id":"123456789012345678901","list":["1.50",{"deep":["x",true]}]})");
  ExpectTomorrow(order.customer(), R"("1e3")");
  ExpectTomorrow(order.payment_details(), R"("0.10")");
  ExpectTomorrow(order.payment_details().card_authentication_result(), R"("y")");
  ExpectTomorrow(order.related_transactions(0), "[]");
  ExpectTomorrow(order.related_transactions(0).costs(0), "{}");
  ExpectTomorrow(order.payment_methods(0), "false");
  ExpectTomorrow(order.costs(0), R"("c")");
  EXPECT_EQ(order.customer().city(), "Delft");
  EXPECT_EQ(order.related_transactions(0).costs_size(), 1);
  EXPECT_EQ(StopServer(), 0);
  EXPECT_THAT(server().logs(), Not(HasSubstr("123456789012345678901")));
}

TEST_F(NewMembers, AreReadInAnswersOfTheOtherServices) {
  ExpectTomorrow(Ask(&v1::TokenService::Stub::GetToken, "reference: 'r' token: 't'",
                     R"({"token":"t","code":"VISA","tomorrow":1.0})")
                     .token(),
                 R"("1.0")");
  ExpectTomorrow(Ask(&v1::PaymentMethodService::Stub::GetPaymentMethod, "payment_method_id: 'VISA'",
                     R"({"id":"VISA","name":"Visa","tomorrow":[1]})")
                     .payment_method(),
                 R"(["1"])");
  ExpectTomorrow(Ask(&v1::TransactionService::Stub::GetTransaction, "transaction_id: '77'",
                     R"({"transaction_id":77,"status":"completed","tomorrow":"t"})")
                     .transaction(),
                 R"("t")");
  const auto terminals =
      Ask(&v1::TerminalService::Stub::ListTerminals, "", R"([{"id":"1","tomorrow":true}])");
  ASSERT_EQ(terminals.terminals_size(), 1);
  ExpectTomorrow(terminals.terminals(0), "true");
}

TEST_F(NewMembers, AreCountedByNameAndNotByValue) {
  upstream().Answer(200, R"({"success":true,"data":{"order_id":"order-1","status":"completed",
      "tomorrow_counted":"canary-of-a-value"}})");
  ASSERT_TRUE(Get().ok());
  const std::string metrics = msp::testing::HttpGet(server().ops(), "/metrics");
  EXPECT_THAT(metrics, HasSubstr("tomorrow_counted"));
  EXPECT_THAT(metrics, Not(HasSubstr("canary-of-a-value")));
}

}  // namespace
}  // namespace msp::e2e
