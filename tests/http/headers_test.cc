// SPDX-License-Identifier: Apache-2.0

#include "gtest/gtest.h"
#include "service/http/client.h"

namespace msp::http {
namespace {

TEST(Headers, AreSentAsTheyStand) {
  const Headers headers({"api_key: k", "Accept: application/json"});
  EXPECT_EQ(headers.text(), "api_key: k\r\nAccept: application/json\r\n");
}

TEST(Headers, DropWhatIsNotOneCompleteLine) {
  const Headers headers(
      {"a: b\r\nInjected: c", "no colon", "", "tab: a\tb", "nul: a\x01", "ok: 1"});
  EXPECT_EQ(headers.text(), "tab: a\tb\r\nok: 1\r\n");
}

}  // namespace
}  // namespace msp::http
