// SPDX-License-Identifier: Apache-2.0

// What this service refuses itself, and what it leaves to MultiSafepay.
#include "service/payments/validate.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/payments/calls.h"
#include "tests/payments/orders.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Operation& Create() { return TestOperations().Find("CreateOrder"); }

std::vector<std::string> FieldsOf(const std::vector<codec::Violation>& violations) {
  std::vector<std::string> fields;
  for (const codec::Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

// The longest run of digits in a text.
std::size_t DigitRun(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c >= '0' && c <= '9' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

class Refused : public ::testing::TestWithParam<OrderCase> {};

TEST_P(Refused, ForExactlyThisFieldWithoutRepeatingItsValue) {
  const v1::CreateOrderRequest order = Changed(GetParam());
  const std::vector<codec::Violation> violations = Validate(Create(), order);
  ASSERT_THAT(FieldsOf(violations), ElementsAre(GetParam().field));
  EXPECT_FALSE(violations.front().description.empty());
  EXPECT_LE(DigitRun(violations.front().description), 4U) << violations.front().description;
}

INSTANTIATE_TEST_SUITE_P(Orders, Refused, ::testing::ValuesIn(RefusedOrders()), kRowName);

class Accepted : public ::testing::TestWithParam<OrderCase> {};

TEST_P(Accepted, WithoutAWord) {
  EXPECT_THAT(FieldsOf(Validate(Create(), Changed(GetParam()))), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Orders, Accepted, ::testing::ValuesIn(AcceptedOrders()), kRowName);

TEST(Validate, NamesEveryFaultAtOnce) {
  v1::CreateOrderRequest order = DirectOrder();
  order.clear_order_id();
  order.set_amount(-1);
  order.clear_gateway();
  order.mutable_gateway_info()->set_card_cvc("1");
  EXPECT_THAT(
      FieldsOf(Validate(Create(), order)),
      ::testing::UnorderedElementsAre("order_id", "amount", "gateway", "gateway_info.card_cvc"));
}

TEST(Validate, EmptyRequestLacksWhatIsRequired) {
  EXPECT_THAT(FieldsOf(Validate(Create(), v1::CreateOrderRequest())),
              ElementsAre("order_id", "description"));
}

TEST(CompleteRequest, OrderWithoutATypeIsARedirect) {
  for (const bool empty : {false, true}) {
    v1::CreateOrderRequest order = RedirectOrder();
    order.clear_type();
    if (empty) order.set_type("");
    EXPECT_THAT(Validate(Create(), order), IsEmpty());
    CompleteRequest(Create(), "", order);
    EXPECT_EQ(order.type(), "redirect");
  }
}

TEST(Validate, ListElementsAreNamedByIndex) {
  v1::CreateOrderRequest order = DirectOrder();
  order.mutable_shopping_cart()->add_items()->set_name("chair");
  order.mutable_shopping_cart()->add_items()->set_name(
      "ta\x01"
      "ble");
  EXPECT_THAT(FieldsOf(Validate(Create(), order)), ElementsAre("shopping_cart.items[1].name"));
}

TEST(Validate, GetOrderNeedsAnIdThatCanBePartOfAPath) {
  const Operation& get = TestOperations().Find("GetOrder");
  for (const char* id : {"", ".", "..", " a", "a ", "a\n"}) {
    v1::GetOrderRequest request;
    request.set_order_id(id);
    EXPECT_THAT(FieldsOf(Validate(get, request)), ElementsAre("order_id")) << id;
  }
  v1::GetOrderRequest request;
  request.set_order_id("../../gateways");  // Encoded as one segment, it names an order.
  EXPECT_THAT(Validate(get, request), IsEmpty());
}

TEST(CompleteRequest, AsksForSignedNotificationsWhereNoneWereAskedFor) {
  v1::CreateOrderRequest order = DirectOrder();
  order.mutable_payment_options()->set_notification_url("https://shop.example/n");
  CompleteRequest(Create(), "", order);
  EXPECT_EQ(order.payment_options().notification_method(), "POST");
  EXPECT_EQ(order.payment_options().notification_url(), "https://shop.example/n");
}

TEST(CompleteRequest, LeavesTheCallersMethodAlone) {
  v1::CreateOrderRequest order = DirectOrder();
  order.mutable_payment_options()->set_notification_url("https://shop.example/n");
  order.mutable_payment_options()->set_notification_method("GET");
  CompleteRequest(Create(), "https://operator.example/n", order);
  EXPECT_EQ(order.payment_options().notification_method(), "GET");
  EXPECT_EQ(order.payment_options().notification_url(), "https://shop.example/n");
}

TEST(CompleteRequest, FillsTheOperatorsAddressWhereThereIsNone) {
  for (const bool empty : {false, true}) {
    v1::CreateOrderRequest order = DirectOrder();
    if (empty) order.mutable_payment_options()->set_notification_url("");
    CompleteRequest(Create(), "https://operator.example/n", order);
    EXPECT_EQ(order.payment_options().notification_url(), "https://operator.example/n");
    EXPECT_EQ(order.payment_options().notification_method(), "POST");
  }
}

TEST(CompleteRequest, AddsNothingElse) {
  v1::CreateOrderRequest order = DirectOrder();
  CompleteRequest(Create(), "", order);
  EXPECT_EQ(order.SerializeAsString(), DirectOrder().SerializeAsString());
  v1::GetOrderRequest get;
  get.set_order_id("order-1");
  const std::string before = get.SerializeAsString();
  CompleteRequest(TestOperations().Find("GetOrder"), "https://operator.example/n", get);
  EXPECT_EQ(get.SerializeAsString(), before);
}

}  // namespace
}  // namespace msp::payments
