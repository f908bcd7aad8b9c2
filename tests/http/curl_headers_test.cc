#include "service/http/curl_headers.h"

#include <curl/curl.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::http {
namespace {

std::vector<std::string> Lines(void* opaque) {
  std::vector<std::string> lines;
  for (auto* node = static_cast<curl_slist*>(opaque); node != nullptr; node = node->next) {
    lines.emplace_back(node->data);
  }
  return lines;
}

TEST(Headers, AddTheContentTypeToRequestsWithABodyAlone) {
  const Headers headers({"api_key: k", "Accept: application/json"});
  const std::string agent = Lines(headers.list_with_body()).front();
  EXPECT_THAT(agent, ::testing::StartsWith("User-Agent: multisafepay-grpc/"));
  EXPECT_THAT(Lines(headers.list_with_body()),
              ::testing::ElementsAre(agent, "Accept-Encoding: identity", "api_key: k",
                                     "Accept: application/json", "Content-Type: application/json",
                                     "Expect:"));
  EXPECT_THAT(Lines(headers.list_without_body()),
              ::testing::ElementsAre(agent, "Accept-Encoding: identity", "api_key: k",
                                     "Accept: application/json", "Content-Type:", "Expect:"));
}

TEST(Headers, DropWhatIsNotOneCompleteLine) {
  const Headers headers(
      {"a: b\r\nInjected: c", "no colon", "", "tab: a\tb", "nul: a\x01", "ok: 1"});
  EXPECT_THAT(headers.lines(), ::testing::ElementsAre("tab: a\tb", "ok: 1"));
}

}  // namespace
}  // namespace msp::http
