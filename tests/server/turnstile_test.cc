// Who waits at the door after a flood, and for how long, over a time that the test makes.
#include "service/server/turnstile.h"

#include <arpa/inet.h>

#include <string>

#include "gtest/gtest.h"

namespace msp::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = Turnstile::Clock;

constexpr Turnstile::Network kFlooder = 1;
constexpr Turnstile::Network kOther = 2;
const Clock::time_point kNow{seconds(1'000)};

Turnstile::Network NetworkOf(const std::string& text) {
  sockaddr_storage address{};
  if (text.find(':') == std::string::npos) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    inet_pton(AF_INET, text.c_str(), &v4.sin_addr);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr);
  }
  return Turnstile::NetworkOf(address);
}

// The wait of the next connection after so many floods at once.
milliseconds WaitAfter(int floods) {
  Turnstile turnstile;
  for (int i = 0; i < floods; ++i) turnstile.Flooded(kFlooder, kNow);
  const auto turn = turnstile.Turn(kFlooder, kNow);
  return std::chrono::duration_cast<milliseconds>(turn.value_or(kNow) - kNow);
}

TEST(Turnstile, WhoHasNotFloodedDoesNotWait) {
  Turnstile turnstile;
  turnstile.Flooded(kFlooder, kNow);
  EXPECT_EQ(turnstile.Turn(kOther, kNow), kNow);
  EXPECT_EQ(turnstile.Turn(kOther, kNow), kNow);
  EXPECT_FALSE(turnstile.Remembers(kOther, kNow));
  EXPECT_TRUE(turnstile.Remembers(kFlooder, kNow));
}

TEST(Turnstile, EachFloodDoublesTheWaitUpToTwoSeconds) {
  EXPECT_EQ(WaitAfter(0), milliseconds(0));
  EXPECT_EQ(WaitAfter(1), milliseconds(20));
  EXPECT_EQ(WaitAfter(2), milliseconds(40));
  EXPECT_EQ(WaitAfter(4), milliseconds(160));
  EXPECT_EQ(WaitAfter(100), milliseconds(2'000));
}

TEST(Turnstile, OneAfterTheOtherAndNotForeverManyOfThem) {
  Turnstile turnstile;
  for (int i = 0; i < 100; ++i) turnstile.Flooded(kFlooder, kNow);
  EXPECT_EQ(turnstile.Turn(kFlooder, kNow), kNow + seconds(2));
  EXPECT_EQ(turnstile.Turn(kFlooder, kNow), kNow + seconds(4));
  EXPECT_EQ(turnstile.Turn(kFlooder, kNow), std::nullopt);
  // Who is refused takes no turn from the next one.
  EXPECT_EQ(turnstile.Turn(kFlooder, kNow + seconds(1)), kNow + seconds(6));
}

TEST(Turnstile, FloodsAreForgivenWithTime) {
  Turnstile turnstile;
  for (int i = 0; i < 100; ++i) turnstile.Flooded(kFlooder, kNow);
  EXPECT_TRUE(turnstile.Remembers(kFlooder, kNow + seconds(59)));
  EXPECT_FALSE(turnstile.Remembers(kFlooder, kNow + seconds(60)));
  EXPECT_EQ(turnstile.Turn(kFlooder, kNow + seconds(60)), kNow + seconds(60));
}

TEST(Turnstile, OfTooManyNetworksTheEarliestIsForgotten) {
  Turnstile turnstile;
  turnstile.Flooded(kFlooder, kNow);
  for (Turnstile::Network other = 0; other < 5'000; ++other)
    turnstile.Flooded(1'000 + other, kNow + milliseconds(1));
  EXPECT_FALSE(turnstile.Remembers(kFlooder, kNow));
  EXPECT_TRUE(turnstile.Remembers(5'999, kNow));
}

TEST(Turnstile, AnAddressIsOneHoweverItIsWritten) {
  EXPECT_EQ(NetworkOf("192.0.2.7"), NetworkOf("::ffff:192.0.2.7"));
  EXPECT_NE(NetworkOf("192.0.2.7"), NetworkOf("192.0.2.8"));
  EXPECT_EQ(NetworkOf("2001:db8:1:2::1"), NetworkOf("2001:db8:1:2:ffff::9"));
  EXPECT_NE(NetworkOf("2001:db8:1:2::1"), NetworkOf("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace msp::server
