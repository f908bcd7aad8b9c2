// SPDX-License-Identifier: Apache-2.0

// Events between replicas: encrypted, whole, and of no use to anybody without the site's key.
#include "service/webhooks/redis_event_publisher.h"
#include "gtest/gtest.h"
#include "service/base/aead.h"

namespace msp::webhooks {
namespace {

const std::string kOrigin(16, 'o');

TEST(Event, ArrivesAsItWasSent) {
  const payments::Site site("shop", "key-of-the-shop");
  const std::string payload = Packed(kOrigin, site, {"o-1", R"({"customer":"Jansen"})"});
  EXPECT_EQ(payload.find("Jansen"), std::string::npos);
  EXPECT_EQ(payload.find("o-1"), std::string::npos);
  Unpacked unpacked;
  ASSERT_TRUE(Unpack(payload, &unpacked));
  EXPECT_EQ(unpacked.site, "shop");
  EXPECT_EQ(unpacked.origin, kOrigin);
  Event event;
  ASSERT_TRUE(OpenEvent(unpacked, site, &event));
  EXPECT_EQ(event.order_id, "o-1");
  EXPECT_EQ(event.body, R"({"customer":"Jansen"})");
}

TEST(Event, IsRefusedWithAnotherKeyOrAChangedByte) {
  const payments::Site site("shop", "key-of-the-shop");
  const payments::Site other("shop", "another-key");
  std::string payload = Packed(kOrigin, site, {"o-1", "{}"});
  Unpacked unpacked;
  Event event;
  ASSERT_TRUE(Unpack(payload, &unpacked));
  EXPECT_FALSE(OpenEvent(unpacked, other, &event));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    std::string bent = payload;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_FALSE(Unpack(bent, &unpacked) && OpenEvent(unpacked, site, &event)) << i;
    EXPECT_FALSE(Unpack(payload.substr(0, i), &unpacked) && OpenEvent(unpacked, site, &event)) << i;
  }
}

}  // namespace
}  // namespace msp::webhooks
