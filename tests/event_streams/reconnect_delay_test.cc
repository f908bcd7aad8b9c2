// SPDX-License-Identifier: Apache-2.0

#include "service/event_streams/reconnect_delay.h"

#include "gtest/gtest.h"

namespace msp::event_streams {
namespace {

using std::chrono::milliseconds;

milliseconds Wait(int failures, std::optional<std::int64_t> retry_ms = {},
                  std::int64_t retry_after_s = 0, double jitter = 0) {
  return ReconnectDelay(
      {.failures = failures, .retry_ms = retry_ms, .retry_after_s = retry_after_s}, jitter);
}

TEST(ReconnectDelay, DoublesUpToAMinute) {
  EXPECT_EQ(Wait(1), milliseconds(2'000));
  EXPECT_EQ(Wait(2), milliseconds(4'000));
  EXPECT_EQ(Wait(5), milliseconds(32'000));
  EXPECT_EQ(Wait(6), milliseconds(60'000));
  EXPECT_EQ(Wait(1'000'000), milliseconds(60'000));
  EXPECT_EQ(Wait(0), milliseconds(2'000));
}

TEST(ReconnectDelay, TakesTheStreamsWordWithinBounds) {
  EXPECT_EQ(Wait(1, 1'000), milliseconds(1'000));
  EXPECT_EQ(Wait(2, 1'000), milliseconds(2'000));
  EXPECT_EQ(Wait(1, 0), milliseconds(500));
  EXPECT_EQ(Wait(1, 999'999'999), milliseconds(30'000));
}

TEST(ReconnectDelay, WaitsAsLongAsRetryAfterSaysForFiveMinutesAtMost) {
  EXPECT_EQ(Wait(1, 1'000, 20), milliseconds(20'000));
  EXPECT_EQ(Wait(6, 1'000, 20), milliseconds(32'000));
  EXPECT_EQ(Wait(1, 1'000, 86'400), milliseconds(300'000));
  EXPECT_EQ(Wait(1, 1'000, -5), milliseconds(1'000));
}

TEST(ReconnectDelay, JitterOnlyAdds) {
  EXPECT_EQ(Wait(1, 1'000, 0, 0.5), milliseconds(1'250));
  EXPECT_LT(Wait(1, 1'000, 0, 0.999), milliseconds(1'500));
}

}  // namespace
}  // namespace msp::event_streams
