// SPDX-License-Identifier: Apache-2.0

// Orders that never leave: each names its field, repeats no digit of a card, and reaches nobody.
#include <string>

#include "tests/e2e/end_to_end.h"
#include "tests/payments/orders.h"

namespace msp::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RefusedOrder : public EndToEnd {};

// No six digits in a row that a card number of the request has, spaces or not.
void ExpectNoCardDigits(const v1::CreateOrderRequest& order, const std::string& text) {
  std::string digits;
  for (const char c : order.gateway_info().card_number())
    if (c >= '0' && c <= '9') digits += c;
  for (std::size_t at = 0; at + 6 <= digits.size(); ++at)
    ASSERT_EQ(text.find(digits.substr(at, 6)), std::string::npos) << text;
  const std::string& cvc = order.gateway_info().card_cvc();
  EXPECT_TRUE(cvc.size() < 3 || text.find('"' + cvc) == std::string::npos) << text;
}

TEST_F(RefusedOrder, IsInvalidArgumentWithItsPathAndNothingWasSent) {
  for (const payments::OrderCase& c : payments::RefusedOrders()) {
    const v1::CreateOrderRequest order = payments::Changed(c);
    const auto call = Create(order);
    ASSERT_EQ(call.Summary(), "INVALID_ARGUMENT NOT_SENT INVALID_REQUEST") << c.name;
    const CallError error = call.error();
    EXPECT_THAT(error.Fields(), ::testing::ElementsAre(c.field)) << c.name;
    EXPECT_THAT(call.status.error_message(), HasSubstr(c.field)) << c.name;
    EXPECT_FALSE(error.retry.has_value()) << c.name;
    ExpectNoCardDigits(order, call.status.error_message() + call.status.error_details());
  }
  EXPECT_THAT(upstream().requests(), IsEmpty());
  EXPECT_EQ(upstream().connections(), 0);
  EXPECT_EQ(StopServer(), 0);
  for (const payments::OrderCase& c : payments::RefusedOrders())
    ExpectNoCardDigits(payments::Changed(c), server().logs());
}

TEST_F(RefusedOrder, LargerThanAnyOrderIsResourceExhausted) {
  v1::CreateOrderRequest order = CardOrder();
  order.set_items(std::string(8 << 20, 'x'));
  const auto call = Create(order);
  EXPECT_EQ(call.code(), "RESOURCE_EXHAUSTED");
  EXPECT_THAT(upstream().requests(), IsEmpty());
  EXPECT_TRUE(Create(CardOrder()).ok());  // And the connection lives on.
}

TEST_F(RefusedOrder, InvalidUtf8IsInternalAndNothingIsPrinted) {
  std::string bytes = CardOrder("ORDERID-WITH-XX").SerializeAsString();
  bytes.replace(bytes.find("XX"), 2, "\xc3\x28");
  const std::string before = server().logs();
  const grpc::Status status =
      CallRaw(channel(), "/multisafepay.v1.OrderService/CreateOrder", bytes);
  EXPECT_EQ(NameOf(status.error_code()), "INTERNAL");
  EXPECT_THAT(status.error_message(), Not(HasSubstr("411111")));
  EXPECT_THAT(upstream().requests(), IsEmpty());
  ASSERT_TRUE(Create(CardOrder("after")).ok());
  EXPECT_EQ(StopServer(), 0);
  const std::string logs = server().logs();
  EXPECT_THAT(logs, Not(HasSubstr("UTF-8")));
  EXPECT_THAT(logs, Not(HasSubstr("ORDERID-WITH")));
  EXPECT_THAT(logs, Not(HasSubstr("411111")));
  EXPECT_THAT(logs, HasSubstr("after"));
}

TEST_F(RefusedOrder, BytesThatAreNoMessageAreRefusedQuietly) {
  const grpc::Status status = CallRaw(channel(), "/multisafepay.v1.OrderService/CreateOrder",
                                      "\x0a\xff\xff\xff 4111111111111111");
  EXPECT_EQ(NameOf(status.error_code()), "INTERNAL");
  EXPECT_THAT(upstream().requests(), IsEmpty());
  EXPECT_EQ(StopServer(), 0);
  EXPECT_THAT(server().logs(), Not(HasSubstr("4111111111111111")));
}

TEST_F(RefusedOrder, MethodThatIsNoneIsUnimplemented) {
  EXPECT_EQ(
      NameOf(CallRaw(channel(), "/multisafepay.v1.OrderService/ChargeTwice", "").error_code()),
      "UNIMPLEMENTED");
}

}  // namespace
}  // namespace msp::e2e
