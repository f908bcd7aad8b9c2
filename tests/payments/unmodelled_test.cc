// SPDX-License-Identifier: Apache-2.0

// Members that the schema has no field for: sent from `more`, kept in `unmodelled`.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/checkout_service.pb.h"
#include "service/codec/decode.h"
#include "service/codec/redact.h"
#include "service/payments/interpret.h"
#include "service/payments/rest_call.h"
#include "service/payments/state.h"
#include "service/payments/validate.h"
#include "tests/payments/calls.h"
#include "tests/payments/orders.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

pb::Struct StructOf(const std::string& json) {
  pb::Struct object;
  EXPECT_TRUE(pb::util::JsonStringToMessage(json, &object).ok()) << json;
  return object;
}

const Operation& CreateOperation() { return TestOperations().Find("CreateOrder"); }

v1::CreateOrderRequest Order() {
  auto order = testing::FromText<v1::CreateOrderRequest>(
      "order_id: 'tulip-1' type: 'redirect' currency: 'EUR' amount: 1000 description: 'Forty red "
      "tulips'");
  return order;
}

// The objects of a request that take `more`, with the path of each.
std::vector<std::pair<std::string, pb::Struct*>> Places(v1::CreateOrderRequest& order) {
  return {{"more", order.mutable_more()},
          {"customer.more", order.mutable_customer()->mutable_more()},
          {"delivery.more", order.mutable_delivery()->mutable_more()},
          {"gateway_info.more", order.mutable_gateway_info()->mutable_more()},
          {"payment_options.more", order.mutable_payment_options()->mutable_more()},
          {"checkout_options.more", order.mutable_checkout_options()->mutable_more()}};
}

TEST(More, IsSentBesideTheMembersThatHaveFields) {
  v1::CreateOrderRequest order = Order();
  *order.mutable_more() =
      StructOf(R"({"zeta":[1,{"deep":null}],"alpha":"1","note \"q\"":true,"part":0.25})");
  *order.mutable_customer()->mutable_more() = StructOf(R"({"loyalty":{"tier":3}})");
  EXPECT_TRUE(Validate(CreateOperation(), order).empty());
  const std::string body = BodyOf(CreateOperation(), order).json;
  EXPECT_THAT(body, HasSubstr(R"("customer":{"loyalty":{"tier":3}})"));
  EXPECT_THAT(body, HasSubstr(R"("description":"Forty red tulips")"));
  EXPECT_THAT(body,
              HasSubstr(R"(,"alpha":"1","note \"q\"":true,"part":0.25,"zeta":[1,{"deep":null}]})"));
  EXPECT_THAT(body, Not(HasSubstr("more")));
}

TEST(More, IsPartOfARefund) {
  auto refund = testing::FromText<v1::RefundOrderRequest>("order_id: 'tulip-1' amount: 100");
  *refund.mutable_more() = StructOf(R"({"reason_for_us":"late"})");
  const Operation& operation = TestOperations().Find("RefundOrder");
  EXPECT_TRUE(Validate(operation, refund).empty());
  EXPECT_THAT(BodyOf(operation, refund).json, HasSubstr(R"("reason_for_us":"late")"));
}

TEST(More, DoesNotChangeAnOrderWithoutIt) {
  v1::CreateOrderRequest empty = Order();
  empty.mutable_more();
  EXPECT_EQ(BodyOf(CreateOperation(), empty).json, BodyOf(CreateOperation(), Order()).json);
}

TEST(More, IsRefusedWithANameThatHasAFieldOrWithCardData) {
  const char* const kRefused[] = {
      R"({"card_number":"x"})",
      R"({"a":{"b":[{"cardNumber":"x"}]}})",
      R"({"Card-CVC":"1"})",
      R"({"cvv2":"1"})",
      R"({"PAN":"1"})",
      R"({"security_code":"1"})",
      R"({"note":"4111111111111111"})",
      R"({"note":"pay with 4111 1111-1111.1111, please"})",
      R"({"note":4111111111111111})",
      R"({"note":"\u06F74111111111111111"})",
      R"({"deep":[[["4111111111111111"]]]})",
      R"({"4111111111111111":"x"})",
      R"({"number":9007199254740994})",
  };
  for (const char* json : kRefused) {
    v1::CreateOrderRequest order = Order();
    for (auto& [path, place] : Places(order)) {
      *place = StructOf(json);
      const auto violations = Validate(CreateOperation(), order);
      ASSERT_EQ(violations.size(), 1U) << path << json;
      EXPECT_EQ(violations[0].field, path) << json;
      EXPECT_THAT(violations[0].description, Not(HasSubstr("4111"))) << json;
      place->Clear();
    }
  }
  v1::CreateOrderRequest order = Order();
  for (auto& [path, place] : Places(order)) {
    const std::string name = path == "more"                    ? "amount"
                             : path == "gateway_info.more"     ? "moto"
                             : path == "payment_options.more"  ? "redirect_url"
                             : path == "checkout_options.more" ? "validate_cart"
                                                               : "first_name";
    *place = StructOf("{\"" + name + "\":1}");
    const auto violations = Validate(CreateOperation(), order);
    ASSERT_EQ(violations.size(), 1U) << path;
    EXPECT_EQ(violations[0].field, path);
    EXPECT_THAT(violations[0].description, HasSubstr(name));
    place->Clear();
  }
}

TEST(More, IsNeverShown) {
  v1::CreateOrderRequest order = Order();
  for (auto& [path, place] : Places(order)) *place = StructOf(R"({"gate":"canary-value"})");
  EXPECT_THAT(RedactedBodyOf(CreateOperation(), order), Not(HasSubstr("canary-value")));
  EXPECT_THAT(codec::Redacted(*CreateOperation().request_schema, order),
              Not(HasSubstr("canary-value")));
  codec::Zeroize(*CreateOperation().request_schema, order);
  EXPECT_THAT(order.SerializeAsString(), Not(HasSubstr("canary-value")));
}

TEST(Unmodelled, KeepsWhatTheSchemaDoesNotKnowAtEachLevel) {
  const Operation& operation = TestOperations().Find("GetOrder");
  v1::GetOrderRequest request;
  request.set_order_id("tulip-1");
  v1::GetOrderResponse response;
  http::Response answer = ResponseOf(200, R"({"success":true,"data":{"order_id":"tulip-1",
      "status":"completed","new_at_order":{"id":123456789012345678901,"list":[1.50,"x",null,true]},
      "payment_details":{"type":"VISA","new_at_details":1e3,
        "card_authentication_result":{"eci":"05","new_at_result":"y"}},
      "related_transactions":[{"amount":5,"new_at_transaction":"t",
        "costs":[{"amount":19,"new_at_cost":0.10}]}],
      "payment_methods":[{"type":"VISA","new_at_method":false}],
      "customer":{"email":"a@b.example","new_at_customer":"c"}}})");
  const Interpretation reading =
      Interpret(operation, TestOperations().envelope_schema(), request, answer, response);
  ASSERT_EQ(reading.outcome, CallOutcome::kConfirmed) << reading.failure.message;
  const auto json = [](const pb::Struct& object) {
    std::string text;
    EXPECT_TRUE(pb::util::MessageToJsonString(object, &text).ok());
    return text;
  };
  const v1::Order& order = response.order();
  EXPECT_TRUE(pb::util::MessageDifferencer::Equals(
      order.unmodelled(),
      StructOf(
          R"({"new_at_order":{"id":"123456789012345678901","list":["1.50","x",null,true]}})")));
  const v1::PaymentDetails& details = order.payment_details();
  EXPECT_EQ(json(details.unmodelled()), R"({"new_at_details":"1e3"})");
  EXPECT_EQ(json(details.card_authentication_result().unmodelled()), R"({"new_at_result":"y"})");
  EXPECT_EQ(details.card_authentication_result().eci(), "05");
  const v1::RelatedTransaction& related = order.related_transactions(0);
  EXPECT_EQ(json(related.unmodelled()), R"({"new_at_transaction":"t"})");
  EXPECT_EQ(json(related.costs(0).unmodelled()), R"({"new_at_cost":"0.10"})");
  EXPECT_EQ(json(order.payment_methods(0).unmodelled()), R"({"new_at_method":false})");
  EXPECT_EQ(json(order.customer().unmodelled()), R"({"new_at_customer":"c"})");
  EXPECT_EQ(reading.drift.size(), 7U) << "and each is still counted";
  EXPECT_THAT(codec::Redacted(*operation.response_schema, response), Not(HasSubstr("new_at")));
}

TEST(ApplePay, ItsAddressMustBeApples) {
  const Operation& operation = TestOperations().Find("CreateApplePaySession");
  v1::CreateApplePaySessionRequest session;
  session.set_origin_domain("shop.example");
  for (const char* good : {"https://apple-pay-gateway.apple.com/paymentservices/startSession",
                           "https://apple-pay-gateway-nc-pod1.apple.com/x", "HTTPS://APPLE.COM"}) {
    session.set_validation_url(good);
    EXPECT_THAT(Validate(operation, session), IsEmpty()) << good;
  }
  for (const char* bad :
       {"http://apple-pay-gateway.apple.com/x", "https://apple.com.evil.example/x",
        "https://evilapple.com/", "https://apple.com:8443/", "https://user@apple.com/",
        "https://evil.example/apple.com", "https://evil.example\\.apple.com/", "https:///",
        "https://evil.example?.apple.com", "https://169.254.169.254/", "ftp://apple.com/"}) {
    session.set_validation_url(bad);
    EXPECT_EQ(Validate(operation, session).size(), 1U) << bad;
  }
  session.set_validation_url("https://pay.test/x");
  EXPECT_THAT(Validate(operation, session, "apple.com, pay.test"), IsEmpty());
}

TEST(QrCode, IsWhatTheCustomerDoesNext) {
  const Operation& operation = TestOperations().Find("GetOrder");
  v1::GetOrderRequest request;
  request.set_order_id("tulip-1");
  v1::GetOrderResponse response;
  http::Response answer = ResponseOf(200, R"({"success":true,"data":{"order_id":"tulip-1",
      "status":"initialized","qr_url":"https://pay.example/qr/1","payment_url":"https://pay.example/1"}})");
  ASSERT_EQ(
      Interpret(operation, TestOperations().envelope_schema(), request, answer, response).outcome,
      CallOutcome::kConfirmed);
  CompleteOrder(*response.mutable_order());
  EXPECT_EQ(response.order().next_action().qr().url(), "https://pay.example/qr/1");
  EXPECT_EQ(response.order().payment_state(), v1::PAYMENT_STATE_REQUIRES_ACTION);
}

TEST(Unmodelled, MoreElementsThanTheLimitAreMalformed) {
  const Operation& operation = TestOperations().Find("GetOrder");
  v1::GetOrderRequest request;
  request.set_order_id("tulip-1");
  const auto reason = [&](const std::string& members) {
    v1::GetOrderResponse response;
    http::Response answer =
        ResponseOf(200, R"({"success":true,"data":{"order_id":"tulip-1","status":"completed")" +
                            members + "}}");
    return Interpret(operation, TestOperations().envelope_schema(), request, answer, response)
        .failure.reason;
  };
  std::string unknown;
  std::string related = R"(,"related_transactions":[{})";
  for (std::size_t i = 1; i <= codec::kDocumentElementsMax; ++i) {
    unknown += ",\"n" + std::to_string(i) + "\":1";
    related += ",{}";
  }
  EXPECT_EQ(reason(unknown), "");
  EXPECT_EQ(reason(unknown + R"(,"one_more":1)"), reason::kUpstreamMalformed);
  EXPECT_EQ(reason(related + "]"), reason::kUpstreamMalformed);
}

}  // namespace
}  // namespace msp::payments
