// SPDX-License-Identifier: Apache-2.0

#include "service/payments/identity.h"

#include "gtest/gtest.h"
#include "multisafepay/v1/order_service.pb.h"
#include "service/base/hash.h"
#include "service/base/text.h"
#include "service/payments/site.h"
#include "tests/payments/calls.h"
#include "tests/testing/requests.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;

constexpr char kApiKey[] = "an-api-key-of-a-site";

// Replicas of two releases run side by side for a while, and orders carry keys made by older ones:
// what is hashed must not change.
TEST(DigestOf, IsOverMethodOrderTargetAndBodyWithoutTheCard) {
  const Site site("site", kApiKey);
  v1::CreateOrderRequest order = DirectOrder();
  order.mutable_gateway_info()->set_card_number("4111 1111 1111 1111");
  const std::string digest =
      DigestOf(TestOperations().Find("CreateOrder"), order, site.keyed_hash());
  EXPECT_EQ(
      Hex(digest),
      Hex(HmacSha256(
          kApiKey,
          "1\nCreateOrder\norder-1\n/orders\n"
          R"({"type":"direct","order_id":"order-1","currency":"EUR","amount":9743,"gateway":"CREDITCARD",)"
          R"("description":"two chairs","gateway_info":{"card_number":"4111111111","card_expiry_date":"3012"}})")));
  EXPECT_EQ(DerivedKey(digest), "1" + Hex(digest).substr(0, 26));
  EXPECT_EQ(order.gateway_info().card_number(), "4111 1111 1111 1111") << "it is put back";
  EXPECT_EQ(order.gateway_info().card_cvc(), "123");
}

TEST(DigestOf, FixedMembersComeFirstAndAFullRefundIsAWord) {
  const Site site("site", kApiKey);
  auto cancel = testing::FromText<v1::CancelRefundRequest>("order_id: 'order-1' refund_id: '7'");
  EXPECT_EQ(Hex(DigestOf(TestOperations().Find("CancelRefund"), cancel, site.keyed_hash())),
            Hex(HmacSha256(kApiKey,
                           "1\nCancelRefund\norder-1\n/orders/order-1/refunds/7\n"
                           R"({"status":"void"})")));
  auto refund =
      testing::FromText<v1::RefundOrderRequest>("order_id: 'order-1' description: 'back'");
  refund.mutable_full();
  EXPECT_EQ(Hex(DigestOf(TestOperations().Find("RefundOrder"), refund, site.keyed_hash())),
            Hex(HmacSha256(kApiKey,
                           "1\nRefundOrder\norder-1\n/orders/order-1/refunds\n"
                           R"({"description":"back"})"
                           "\nfull")));
}

TEST(DerivedId, IsTheSameUnderEveryApiKey) {
  const std::string id = DerivedId("refund-", "order-1", "key-1");
  EXPECT_EQ(id,
            "refund-" + Hex(HmacSha256("multisafepay-grpc derived id 1", "refund-\norder-1\nkey-1"))
                            .substr(0, 32));
  EXPECT_TRUE(IsDerivedId("refund-", id));
  EXPECT_FALSE(IsDerivedId("refund-", "refund-1"));
  EXPECT_FALSE(IsDerivedId("capture-", id));
}

TEST(Ownership, IsProvenByWholeMarkersAlone) {
  const Keys keys{.key = "Key-1", .previous = "old-key"};
  const struct {
    const char* custom_3;
    const char* var1;
    Ownership ownership;
  } kRows[] = {
      {"idem:Key-1", "", Ownership::kOurs},
      {"idem:old-key", "", Ownership::kOurs},
      {"idem:key-2", "", Ownership::kOther},
      {"", "idem:key-2", Ownership::kOther},
      {"theirs", "", Ownership::kIndeterminate},
      {"", "", Ownership::kIndeterminate},
      // What a record may make of ours.
      {"IDEM:KEY-1", "", Ownership::kIndeterminate},
      {"idem:Ke", "", Ownership::kIndeterminate},
      {"idem:Key-1 ", "", Ownership::kIndeterminate},
      {"idem: Key-1", "", Ownership::kIndeterminate},
      // What only resembles a marker.
      {"idem:", "", Ownership::kIndeterminate},
      {"idem:a key of two words", "", Ownership::kIndeterminate},
  };
  v1::CreateOrderRequest request;
  const Marker marker = PlaceMarker(request, keys.key);
  for (const auto& row : kRows) {
    v1::Order order;
    order.mutable_custom_info()->set_custom_3(row.custom_3);
    order.set_var1(row.var1);
    EXPECT_EQ(OwnershipOf(order, marker, keys), row.ownership) << row.custom_3 << row.var1;
  }
}

TEST(Ownership, ATextOfTheCallersOwnIsNoMarkerAndIsNotTakenOut) {
  const Keys keys{.key = "key-1"};
  v1::CreateOrderRequest request;
  request.mutable_custom_info()->set_custom_3("idem:theirs");
  const Marker marker = PlaceMarker(request, keys.key);
  EXPECT_EQ(request.var1(), "idem:key-1");
  v1::Order order;
  order.mutable_custom_info()->set_custom_3("idem:theirs");
  EXPECT_EQ(OwnershipOf(order, marker, keys), Ownership::kIndeterminate);
  order.set_var1("idem:key-1");
  EXPECT_EQ(OwnershipOf(order, marker, keys), Ownership::kOurs);
  v1::Order read = order;
  StripMarker(order, marker, keys);
  EXPECT_EQ(order.custom_info().custom_3(), "idem:theirs");
  EXPECT_EQ(order.var1(), "");
  StripMarker(read);
  EXPECT_EQ(read.custom_info().custom_3(), "idem:theirs");
}

}  // namespace
}  // namespace msp::payments
