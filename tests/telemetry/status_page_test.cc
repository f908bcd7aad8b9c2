// SPDX-License-Identifier: Apache-2.0

// Nothing on the status page can become markup.
#include "service/telemetry/status_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusPage, ShowsItsFacts) {
  StatusFacts facts;
  facts.server = {{"version", "1.2.3"}};
  facts.upstream = {{"address", "https://api.example"}};
  facts.settings = {{"listen", "127.0.0.1:1"}};
  facts.errors = {{.method = "GetOrder", .code = "UNAVAILABLE", .reason = "NOT_SENT"}};
  const std::string page = StatusPage(facts);
  for (const char* text :
       {"1.2.3", "https://api.example", "127.0.0.1:1", "UNAVAILABLE", "NOT_SENT"})
    EXPECT_THAT(page, HasSubstr(text));
}

TEST(StatusPage, EveryValueIsEscaped) {
  const std::string bad = "<script>alert('x')</script>\"&";
  StatusFacts facts;
  facts.server = {{bad, bad}};
  facts.upstream = {{bad, bad}};
  facts.settings = {{bad, bad}};
  facts.errors = {{.method = bad, .code = bad, .reason = bad, .detail = bad, .trace_id = bad}};
  const std::string page = StatusPage(facts);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("alert('")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
}

TEST(RecentErrors, KeepsTheNewestFirstAndNoMoreThanItsBound) {
  RecentErrors recent;
  for (std::size_t i = 0; i < RecentErrors::kKept + 5; ++i)
    recent.Add({.reason = std::to_string(i)});
  const auto all = recent.All();
  ASSERT_EQ(all.size(), RecentErrors::kKept);
  EXPECT_EQ(all.front().reason, std::to_string(RecentErrors::kKept + 4));
  EXPECT_EQ(all.back().reason, "5");
}

}  // namespace
}  // namespace msp::telemetry
