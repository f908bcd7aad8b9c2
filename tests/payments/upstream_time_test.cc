// SPDX-License-Identifier: Apache-2.0

// Times without a zone are Amsterdam's. The second opinion is the C library's, with the European
// Union's rule written out, so that no time zone files are needed.
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/payments/upstream_time.h"
#include "tests/testing/words.h"

namespace msp::payments {
namespace {

using Seconds = std::optional<std::int64_t>;

class UpstreamTimeByTheCLibrary : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* zone = std::getenv("TZ")) before_ = zone;
    setenv("TZ", "CET-1CEST,M3.5.0/2,M10.5.0/3", 1);
    tzset();
  }
  void TearDown() override {
    before_.empty() ? unsetenv("TZ") : setenv("TZ", before_.c_str(), 1);
    tzset();
  }

  static std::tm Local(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm local{};
    localtime_r(&time, &local);
    return local;
  }
  static std::string Text(const std::tm& local) {
    char text[32];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &local);
    return text;
  }

 private:
  std::string before_;
};

TEST_F(UpstreamTimeByTheCLibrary, IsReadRightAtEveryHalfHourOfThirtyYears) {
  constexpr std::int64_t kFrom = 1'577'836'800;  // 2020.
  constexpr std::int64_t kUntil = kFrom + 30LL * 365 * 86'400;
  for (std::int64_t seconds = kFrom; seconds < kUntil; seconds += 1'800) {
    const std::tm local = Local(seconds);
    const std::tm hour_before = Local(seconds - 3'600);
    const bool repeated = hour_before.tm_hour == local.tm_hour;  // October: taken as its first.
    ASSERT_EQ(UpstreamTimeSeconds(Text(local)), Seconds(repeated ? seconds - 3'600 : seconds))
        << Text(local);
  }
}

struct Instant {
  const char* text;
  std::int64_t seconds;
};

TEST(UpstreamTime, ChangesToSummerTimeAndBackAtTheirSeconds) {
  constexpr Instant kInstants[] = {
      {"2026-03-29T01:59:59", 1774745999}, {"2026-03-29T03:00:00", 1774746000},
      {"2026-10-25T01:59:59", 1792886399}, {"2026-10-25T02:00:00", 1792886400},
      {"2026-10-25T02:59:59", 1792889999}, {"2026-10-25T03:00:00", 1792893600},
      {"2025-12-31T23:59:59", 1767221999}, {"2026-01-01T00:00:00", 1767222000},
      {"2024-02-29T12:00:00", 1709204400}, {"2000-02-29T00:00:00", 951778800},
  };
  for (const Instant& instant : kInstants)
    EXPECT_EQ(UpstreamTimeSeconds(instant.text), Seconds(instant.seconds)) << instant.text;
}

TEST(UpstreamTime, HourThatSpringSkipsIsCountedOnFromTheChange) {
  // No clock shows it; a sender that writes it all the same is read without failing.
  EXPECT_EQ(UpstreamTimeSeconds("2026-03-29T02:30:00"), Seconds(1774746000 + 1800));
}

// Two signed notifications were published: the time of the signature is UTC, the order's is not.
TEST(UpstreamTime, PublishedNotificationsAreYoungerThanTheOrdersInThem) {
  EXPECT_EQ(UpstreamTimeSeconds("2022-01-03T15:08:02"), Seconds(1641218884 - 2));
  const Seconds modified = UpstreamTimeSeconds("2021-03-24T16:26:38");
  ASSERT_TRUE(modified.has_value());
  EXPECT_EQ(1616601851 - *modified, 37 * 60 + 33);  // As UTC it would lie in the future.
}

TEST(UpstreamTime, WhatIsNoSuchTimeHasNoSeconds) {
  std::vector<std::string> malformed = testing::CommandLine(
      "'' 2026 2026-03-29 '2026-03-29 03:30:00' 2026-03-29T03:30 2026-03-29T03:30:00Z "
      "2026-03-29T03:30:00+01 2026-03-29t03:30:00 29-03-2026T03:30:00 2026-13-01T00:00:00 "
      "2026-00-01T00:00:00 2026-02-29T00:00:00 2026-04-31T00:00:00 2026-01-00T00:00:00 "
      "2026-01-01T24:00:00 2026-01-01T00:60:00 2026-01-01T00:00:60 2026-01-01T00:00:0x "
      "'2026-01-01T00:00: 1' +026-01-01T00:00:00 -026-01-01T00:00:00 2026-01-01T-1:00:00 "
      "'2026-01-01T00:00:00 '");
  malformed.emplace_back("2026-01-01T00:00:0\0", 19);
  for (const std::string& text : malformed) EXPECT_FALSE(UpstreamTimeSeconds(text)) << text;
}

}  // namespace
}  // namespace msp::payments
