// SPDX-License-Identifier: Apache-2.0

#include "service/curl/url.h"

#include <string>

#include "gtest/gtest.h"

namespace msp::curl {
namespace {

using std::string_literals::operator""s;

constexpr char kDomains[] = "multisafepay.com";

bool MayStream(const std::string& stream, const std::string& api) {
  const auto url = ParseUrl(stream);
  return url && IsStreamAddress(*url, ParseUrl(api).value(), kDomains);
}

TEST(Url, IsReadInItsParts) {
  const auto url = ParseUrl("https://API.multisafepay.com/events/stream/?a=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.multisafepay.com");
  EXPECT_EQ(url->port, "443");
  EXPECT_TRUE(url->has_query);
  EXPECT_EQ(ParseUrl("http://127.0.0.1:8081/x")->port, "8081");
  EXPECT_FALSE(ParseUrl("http://127.0.0.1:8081/x")->has_query);
}

TEST(Url, IsNothingElse) {
  for (const std::string& text :
       {""s, "https://"s, "HTTPS://a.b"s, "ftp://a.b"s, "file:///etc/passwd"s, "a.b/c"s,
        "https://u@a.b/"s, "https://u:p@a.b/"s, "https://a.b/#f"s, "https://a.b:99999/"s,
        "https://a.b\0.c/"s, "https://a b/"s, "https://a.b/\r\nX: y"s}) {
    EXPECT_FALSE(ParseUrl(text)) << text;
  }
}

TEST(StreamAddress, IsMultiSafepaysOwnByTls) {
  constexpr char kApi[] = "https://testapi.multisafepay.com/v1/json";
  for (const char* url :
       {"https://testapi.multisafepay.com/events/stream/",
        "https://api.multisafepay.com:443/events/stream/", "https://a.b.multisafepay.com/"}) {
    EXPECT_TRUE(MayStream(url, kApi)) << url;
  }
  for (const char* url :
       {"http://testapi.multisafepay.com/events/stream/",  // In clear.
        "https://testapi.multisafepay.com:8443/",          // Somebody else's service there.
        "https://evil.example/", "https://multisafepay.com.evil.example/",
        "https://evilmultisafepay.com/", "https://evil.example/multisafepay.com",
        "https://evil.example?.multisafepay.com/", "https://evil.example\\.multisafepay.com/",
        "https://api.multisafepay.com@evil.example/", "https://api.multisafepay.com./",
        "https://169.254.169.254/", "https://127.0.0.1/", "http://127.0.0.1/", "https://localhost/",
        "https://[::1]/", "wss://api.multisafepay.com/"}) {
    EXPECT_FALSE(MayStream(url, kApi)) << url;
  }
}

TEST(StreamAddress, IsTheApisOwnWhereverThatIs) {
  EXPECT_TRUE(MayStream("https://gateway.shop:8443/s", "https://gateway.shop:8443/v1/json"));
  EXPECT_FALSE(MayStream("https://gateway.shop/s", "https://gateway.shop:8443/v1/json"));
  EXPECT_FALSE(MayStream("http://gateway.shop:8443/s", "https://gateway.shop:8443/v1/json"));
  // A stand-in on the loopback, and no other port there.
  EXPECT_TRUE(MayStream("http://127.0.0.1:8081/s", "http://127.0.0.1:8081/v1/json"));
  EXPECT_TRUE(MayStream("http://localhost:8081/s", "http://localhost:8081/v1/json"));
  EXPECT_FALSE(MayStream("http://127.0.0.1:8082/s", "http://127.0.0.1:8081/v1/json"));
  EXPECT_FALSE(MayStream("http://127.0.0.1/s", "http://127.0.0.1:8081/v1/json"));
  // Behind a sidecar that begins TLS, and in clear beyond the loopback.
  EXPECT_TRUE(MayStream("https://api.multisafepay.com/s", "http://127.0.0.1:8081/v1/json"));
  EXPECT_FALSE(MayStream("http://sandbox.shop/s", "http://sandbox.shop/v1/json"));
}

}  // namespace
}  // namespace msp::curl
