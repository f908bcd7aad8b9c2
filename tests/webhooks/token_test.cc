// SPDX-License-Identifier: Apache-2.0

// What a resume token carries, and which texts are none.
#include "service/webhooks/token.h"

#include <string>

#include "gtest/gtest.h"
#include "service/base/text.h"
#include "tests/webhooks/notes.h"

namespace msp::webhooks {
namespace {

TEST(ResumeToken, CarriesTheStateThatWasSentLast) {
  const LastSent sent = LastSentOf(StateOf(OrderOf("completed", "completed", 2), 0));
  const auto read = ReadToken(MakeToken("shop", sent), "shop");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->order_mark, OrderMark("o-1"));
  EXPECT_EQ(read->digest, sent.digest);
  EXPECT_EQ(read->modified, sent.modified);
  EXPECT_EQ(read->payment_state, multisafepay::v1::PAYMENT_STATE_PAID);
}

TEST(ResumeToken, IsRefusedWhereItIsOfAnotherSiteOrNotWhole) {
  const std::string token =
      MakeToken("shop", LastSentOf(StateOf(OrderOf("completed", "completed", 2), 0)));
  EXPECT_FALSE(ReadToken(token, "other"));
  std::string bytes;
  ASSERT_TRUE(Base64Decode(token, &bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bent = bytes;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_FALSE(ReadToken(Base64(bent), "shop")) << i;
    EXPECT_FALSE(ReadToken(Base64(bytes.substr(0, i)), "shop")) << i;
  }
  EXPECT_FALSE(ReadToken("", "shop"));
  EXPECT_FALSE(ReadToken("AAAA", "shop"));
}

}  // namespace
}  // namespace msp::webhooks
