// SPDX-License-Identifier: Apache-2.0

#include "service/payments/event_access.h"

#include <string>

#include "gtest/gtest.h"

namespace msp::payments {
namespace {

namespace v1 = multisafepay::v1;
using std::chrono::minutes;

v1::Order OrderWith(const std::string& token, const std::string& url = "https://api/events/") {
  v1::Order order;
  if (!token.empty()) order.set_events_token(token);
  if (!url.empty()) order.set_events_stream_url(url);
  return order;
}

class EventAccesses : public ::testing::Test {
 protected:
  std::string TokenOf(const std::string& site, const std::string& order_id) {
    const auto found = table.Find(site, order_id);
    return found ? found->token : "";
  }

  EventAccessTable::Clock::time_point now = EventAccessTable::Clock::now();
  EventAccessTable table{[this] { return now; }};
};

TEST_F(EventAccesses, AreKeptByOrderAndSite) {
  table.Take("nl", "o-1", OrderWith("t-1"));
  table.Take("nl", "o-2", OrderWith("t-2"));
  table.Take("be", "o-1", OrderWith("t-3"));
  EXPECT_EQ(TokenOf("nl", "o-1"), "t-1");
  EXPECT_EQ(TokenOf("nl", "o-2"), "t-2");
  EXPECT_EQ(TokenOf("be", "o-1"), "t-3");
  EXPECT_EQ(TokenOf("be", "o-2"), "");
  EXPECT_EQ(table.Find("nl", "o-1")->url, "https://api/events/");
}

TEST_F(EventAccesses, AreBothMembersOrNone) {
  table.Take("nl", "o-1", OrderWith("t-1", ""));
  table.Take("nl", "o-2", OrderWith(""));
  v1::Order empty = OrderWith("t");
  empty.set_events_token("");
  table.Take("nl", "o-3", empty);
  empty = OrderWith("t");
  empty.set_events_stream_url("");
  table.Take("nl", "o-4", empty);
  table.Take("nl", "o-5", OrderWith(std::string(4'097, 't')));
  table.Take("nl", "o-6", OrderWith("t", std::string(2'049, 'u')));
  EXPECT_EQ(table.size(), 0U);
  table.Take("nl", "o-7", OrderWith(std::string(4'096, 't'), std::string(2'048, 'u')));
  EXPECT_EQ(table.size(), 1U);
  // What is known stays where a later answer says nothing.
  table.Take("nl", "o-7", v1::Order());
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(EventAccesses, AreTakenByTheOtherNamesToo) {
  v1::Order order;
  auto& members = *order.mutable_unmodelled()->mutable_fields();
  members["event_token"].set_string_value("t-1");
  table.Take("nl", "o-1", order);
  EXPECT_EQ(table.size(), 0U);
  members["event_stream_url"].set_string_value("https://old/");
  table.Take("nl", "o-1", order);
  EXPECT_EQ(TokenOf("nl", "o-1"), "t-1");
  EXPECT_EQ(table.Find("nl", "o-1")->url, "https://old/");
  order.set_events_token("t-2");
  table.Take("nl", "o-1", order);
  EXPECT_EQ(TokenOf("nl", "o-1"), "t-2");
  members["event_token"].set_number_value(7);
  order.clear_events_token();
  table.Take("nl", "o-2", order);
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(EventAccesses, ANewTokenOrAddressIsAnotherAccess) {
  table.Take("nl", "o-1", OrderWith("t-1"));
  const std::uint64_t first = table.Find("nl", "o-1")->number;
  EXPECT_GT(first, 0U);
  table.Take("nl", "o-1", OrderWith("t-1"));
  EXPECT_EQ(table.Find("nl", "o-1")->number, first);
  EXPECT_FALSE(table.Find("nl", "o-1", first));
  table.Take("nl", "o-1", OrderWith("t-2"));
  EXPECT_EQ(TokenOf("nl", "o-1"), "t-2");
  const std::uint64_t second = table.Find("nl", "o-1", first)->number;
  EXPECT_NE(second, first);
  table.Take("nl", "o-1", OrderWith("t-2", "https://other/"));
  EXPECT_NE(table.Find("nl", "o-1")->number, second);
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(EventAccesses, EndAfterTheirTimeUnlessTheyAreBroughtAgain) {
  table.Take("nl", "o-1", OrderWith("t-1"));
  table.Take("nl", "o-2", OrderWith("t-2"));
  now += minutes(59);
  table.Take("nl", "o-1", OrderWith("t-1"));
  now += minutes(1);
  EXPECT_EQ(TokenOf("nl", "o-1"), "t-1");
  EXPECT_EQ(TokenOf("nl", "o-2"), "");
  EXPECT_EQ(table.size(), 1U);
  now += minutes(59);
  EXPECT_EQ(TokenOf("nl", "o-1"), "");
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(EventAccesses, AreBoundedTheOldestFirst) {
  for (std::size_t i = 0; i <= EventAccessTable::kOrdersMax; ++i)
    table.Take("nl", std::to_string(i), OrderWith("t"));
  EXPECT_EQ(table.size(), EventAccessTable::kOrdersMax);
  EXPECT_EQ(TokenOf("nl", "0"), "");
  EXPECT_EQ(TokenOf("nl", "1"), "t");
  // One that was brought again is no longer the oldest.
  table.Take("nl", "1", OrderWith("t"));
  table.Take("nl", "one more", OrderWith("t"));
  EXPECT_EQ(TokenOf("nl", "1"), "t");
  EXPECT_EQ(TokenOf("nl", "2"), "");
}

}  // namespace
}  // namespace msp::payments
