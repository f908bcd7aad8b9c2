// SPDX-License-Identifier: Apache-2.0

#include "service/base/host.h"

#include "gtest/gtest.h"

namespace msp {
namespace {

TEST(Host, LoopbackIsAnAddressOrTheOneName) {
  for (const char* host : {"localhost", "127.0.0.1", "127.8.0.1", "::1", "[::1]"})
    EXPECT_TRUE(IsLoopback(host)) << host;
  for (const char* host : {"", "127.example.com", "localhost.example.com", "10.0.0.1", "127.1"})
    EXPECT_FALSE(IsLoopback(host)) << host;
}

TEST(Host, IsWithinADomainOrOneBelowIt) {
  constexpr char kDomains[] = "multisafepay.com, Example.org";
  for (const char* host : {"multisafepay.com", "API.multisafepay.com", "a.b.example.org"})
    EXPECT_TRUE(IsWithinDomains(host, kDomains)) << host;
  for (const char* host :
       {"", "com", ".com", "evilmultisafepay.com", "multisafepay.com.evil.org", "multisafepay.com.",
        "api.multisafepay.com:443", "x@api.multisafepay.com", "evil.org#.multisafepay.com",
        "evil.org\\.multisafepay.com", "m\xC3\xBCltisafepay.com"}) {
    EXPECT_FALSE(IsWithinDomains(host, kDomains)) << host;
  }
  EXPECT_FALSE(IsWithinDomains("api.multisafepay.com", ""));
  EXPECT_FALSE(IsWithinDomains("api.multisafepay.com", ", ,"));
}

}  // namespace
}  // namespace msp
