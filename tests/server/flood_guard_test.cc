// What passes for a flood, by bytes and calls over a time that the test makes.
#include "service/server/flood_guard.h"

#include "gtest/gtest.h"

namespace msp::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{5};
constexpr int kLooksMax = 2'000;

// How long bytes come, so many a look, until the guard knows; kLooksMax looks for never. `unread`
// of them always wait; a call comes with each so many looks, 0 for none.
milliseconds KnownAfter(double trust, std::uint64_t bytes_a_look, std::uint64_t unread = 0,
                        int looks_a_call = 0) {
  FloodGuard::Clock::time_point now{};
  FloodGuard guard(now, trust);
  FloodGuard::Reading reading{.received = unread, .unread = unread};
  for (int look = 1; look <= kLooksMax; ++look) {
    now += kLook;
    reading.received += bytes_a_look;
    if (looks_a_call > 0 && look % looks_a_call == 0) ++reading.calls;
    if (guard.Floods(reading, now)) return look * kLook;
  }
  return kLooksMax * kLook;
}

TEST(FloodGuard, CallsAccountForTheirBytes) {
  FloodGuard::Clock::time_point now{};
  FloodGuard guard(now, 0);
  FloodGuard::Reading reading;
  for (int look = 0; look < kLooksMax; ++look) {
    now += kLook;
    reading.received += 100'000;
    ++reading.calls;
    ASSERT_FALSE(guard.Floods(reading, now)) << look;
  }
  EXPECT_FALSE(guard.Rushes());
}

// Twenty orders of a thousand cart items are on their way at once, and arrive one after the other.
TEST(FloodGuard, LargeCallsAccountForTheirBytesToo) {
  constexpr std::uint32_t kKib = 400;
  constexpr int kAtOnce = 20;
  FloodGuard::Clock::time_point now{};
  FloodGuard guard(now, 1, {.calls = 7, .beyond_kib = 0});
  FloodGuard::Reading reading{.calls = 7};
  const auto arrive = [&] {
    ++reading.calls;
    reading.beyond_kib += kKib - (CallCounts::kOrdinaryBytes >> 10);
  };
  reading.received += kKib << 10;
  arrive();
  for (int round = 0; round < 100; ++round) {
    for (int look = 0; look < 400; ++look) {
      now += kLook;
      reading.received += (kAtOnce * kKib << 10) / 400;
      ASSERT_FALSE(guard.Floods(reading, now)) << round << ' ' << look;
    }
    for (int call = 0; call < kAtOnce; ++call) arrive();
  }
  // Junk on top of them is not their bytes.
  reading.received += 20 << 20;
  now += kLook;
  EXPECT_TRUE(guard.Floods(reading, now));
}

TEST(FloodGuard, AMessageThatIsTooLargeIsNoFlood) {
  FloodGuard::Clock::time_point now{};
  FloodGuard guard(now);
  FloodGuard::Reading reading{.received = 4 << 20};
  for (int look = 0; look < kLooksMax; ++look) {
    now += kLook;
    ASSERT_FALSE(guard.Floods(reading, now)) << look;
  }
}

TEST(FloodGuard, BytesThatGoOnWithoutACallAreOne) {
  // Five MB a second, as resets in a row come in; and what an idle connection's pings bring.
  EXPECT_LE(KnownAfter(1, 25'000), milliseconds(600));
  EXPECT_EQ(KnownAfter(0, 17), kLooksMax * kLook);
}

TEST(FloodGuard, BytesThatKeepTheServerBusyAreKnownSooner) {
  constexpr std::uint64_t kBehind = 64 << 10;
  EXPECT_LE(KnownAfter(1, 25'000, kBehind), milliseconds(45));
  EXPECT_LE(KnownAfter(0, 60'000, kBehind), milliseconds(20));
  EXPECT_EQ(KnownAfter(0, 25'000, kBehind, 3), kLooksMax * kLook);
}

TEST(FloodGuard, WhatTheServerHasNotReadIsNotTheClientsFault) {
  FloodGuard::Clock::time_point now{};
  FloodGuard guard(now, 0);
  FloodGuard::Reading reading;
  for (int look = 0; look < kLooksMax; ++look) {
    now += kLook;
    reading.received += 2'000;
    reading.unread = reading.received;
    ASSERT_FALSE(guard.Floods(reading, now)) << look;
  }
}

TEST(FloodGuard, WithLessTrustItIsKnownSooner) {
  EXPECT_LT(KnownAfter(0.5, 25'000), KnownAfter(1, 25'000));
  EXPECT_LE(KnownAfter(0, 25'000), milliseconds(120));
}

}  // namespace
}  // namespace msp::server
