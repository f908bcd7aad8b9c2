#include "service/psp/identity.h"

#include "gtest/gtest.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "tests/psp/calls.h"

namespace msp::psp {
namespace {

namespace v1 = multisafepay::v1;

constexpr char kApiKey[] = "an-api-key-of-a-site";

// Replicas of two releases run side by side for a while, and orders carry keys made by older ones:
// what is hashed must not change.
TEST(DigestOf, IsOverMethodOrderTargetAndBodyWithoutTheCard) {
  const Site site("site", kApiKey);
  v1::CreateOrderRequest order = DirectOrder();
  order.mutable_gateway_info()->set_card_number("4111 1111 1111 1111");
  const std::string digest = DigestOf(TestOperations().Find("CreateOrder"), order, site);
  EXPECT_EQ(
      Hex(digest),
      Hex(HmacSha256(
          kApiKey,
          "CreateOrder\norder-1\n/orders\n"
          R"({"type":"direct","order_id":"order-1","currency":"EUR","amount":9743,"gateway":"CREDITCARD",)"
          R"("description":"two chairs","gateway_info":{"card_number":"4111111111","card_expiry_date":"3012"}})")));
  EXPECT_EQ(DerivedKey(digest), Hex(digest).substr(0, 32));
  EXPECT_EQ(order.gateway_info().card_number(), "4111 1111 1111 1111") << "it is put back";
  EXPECT_EQ(order.gateway_info().card_cvc(), "123");
}

TEST(DigestOf, FixedMembersComeFirstAndAFullRefundIsAWord) {
  const Site site("site", kApiKey);
  v1::CancelRefundRequest cancel;
  cancel.set_order_id("order-1");
  cancel.set_refund_id("7");
  EXPECT_EQ(Hex(DigestOf(TestOperations().Find("CancelRefund"), cancel, site)),
            Hex(HmacSha256(kApiKey,
                           "CancelRefund\norder-1\n/orders/order-1/refunds/7\n"
                           R"({"status":"void"})")));
  v1::RefundOrderRequest refund;
  refund.set_order_id("order-1");
  refund.set_description("back");
  refund.mutable_full();
  EXPECT_EQ(Hex(DigestOf(TestOperations().Find("RefundOrder"), refund, site)),
            Hex(HmacSha256(kApiKey,
                           "RefundOrder\norder-1\n/orders/order-1/refunds\n"
                           R"({"description":"back"})"
                           "\nfull")));
}

TEST(DerivedId, IsAKeyedHashOfOrderAndKey) {
  const Site site("site", kApiKey);
  EXPECT_EQ(DerivedId("refund-", "order-1", "key-1", site),
            "refund-" + Hex(HmacSha256(kApiKey, "refund-\norder-1\nkey-1")).substr(0, 32));
}

}  // namespace
}  // namespace msp::psp
