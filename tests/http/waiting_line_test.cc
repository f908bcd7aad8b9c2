#include "service/http/waiting_line.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace msp::http {
namespace {

constexpr Clock::time_point kStart{};

Job Until(int seconds, std::string name) {
  Job job;
  job.request.target = std::move(name);
  job.request.deadline = kStart + std::chrono::seconds(seconds);
  return job;
}

TEST(WaitingLine, ServesInTheOrderOfArrival) {
  WaitingLine line;
  line.Add(Until(9, "a"));
  line.Add(Until(1, "b"));
  EXPECT_EQ(line.TakeFirst().request.target, "a");
  EXPECT_EQ(line.TakeFirst().request.target, "b");
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.next_expiry(), Clock::time_point::max());
}

TEST(WaitingLine, GivesOutTheExpiredInOrderAndKeepsTheOthers) {
  WaitingLine line;
  for (const auto& [seconds, name] : {std::pair{5, "a"}, {2, "b"}, {9, "c"}, {1, "d"}}) {
    line.Add(Until(seconds, name));
  }
  EXPECT_EQ(line.next_expiry(), kStart + std::chrono::seconds(1));
  EXPECT_TRUE(line.TakeExpired(kStart).empty());
  const auto expired = line.TakeExpired(kStart + std::chrono::seconds(2));
  ASSERT_EQ(expired.size(), 2U);
  EXPECT_EQ(expired[0].request.target, "b");
  EXPECT_EQ(expired[1].request.target, "d");
  EXPECT_EQ(line.next_expiry(), kStart + std::chrono::seconds(5));
  EXPECT_EQ(line.TakeFirst().request.target, "a");
  EXPECT_EQ(line.TakeFirst().request.target, "c");
}

TEST(WaitingLine, ForgetsTheDeadlinesOfThoseThatWereServed) {
  WaitingLine line;
  line.Add(Until(1, "a"));
  line.TakeFirst();
  line.Add(Until(5, "b"));
  EXPECT_EQ(line.next_expiry(), kStart + std::chrono::seconds(5));
}

}  // namespace
}  // namespace msp::http
