// SPDX-License-Identifier: Apache-2.0

// Trace context as the standard has it: well-formed parents are followed, others never.
#include "service/telemetry/trace.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::telemetry {
namespace {

using ::testing::MatchesRegex;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kParent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, GivenParentIsFollowed) {
  const TraceContext context = Accept(kParent, "vendor=value");
  EXPECT_EQ(context.trace(), kTrace);
  EXPECT_EQ(context.parent(), "00f067aa0ba902b7");
  EXPECT_NE(context.span(), context.parent());
  EXPECT_TRUE(context.sampled);
  EXPECT_EQ(context.state, "vendor=value");
}

TEST(Trace, ChildHasTheSameTraceAndThisHopAsItsParent) {
  const TraceContext context = Accept(kParent, "");
  const TraceContext child = ChildOf(context);
  EXPECT_EQ(child.trace(), kTrace);
  EXPECT_EQ(child.parent(), context.span());
  EXPECT_NE(child.span(), context.span());
  EXPECT_EQ(TraceParent(child),
            std::string("00-") + kTrace + "-" + std::string(child.span()) + "-01");
}

TEST(Trace, MalformedParentBeginsANewTrace) {
  for (const char* bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                          "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
                          "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
                          "00-4111111111111111\r\nx: y-00f067aa0ba902b7-01"}) {
    const TraceContext context = Accept(bad, "vendor=value");
    EXPECT_NE(context.trace(), kTrace) << bad;
    EXPECT_THAT(std::string(context.trace()), MatchesRegex("[0-9a-f]{32}")) << bad;
    EXPECT_EQ(context.parent(), "") << bad;
    EXPECT_FALSE(context.sampled) << bad;
    EXPECT_EQ(context.state, "") << bad;
  }
}

TEST(Trace, LaterVersionMayGoOn) {
  const std::string later = std::string("cc") + (kParent + 2) + "-what-comes-then";
  EXPECT_EQ(Accept(later, "").trace(), kTrace);
}

TEST(Trace, UnsampledStaysUnsampled) {
  std::string parent = kParent;
  parent.back() = '0';
  EXPECT_FALSE(ChildOf(Accept(parent, "")).sampled);
}

TEST(Trace, StateThatNoHeaderMayHoldIsDropped) {
  EXPECT_EQ(Accept(kParent, "a=b\r\nInjected: c").state, "");
  EXPECT_EQ(Accept(kParent, std::string(513, 'a')).state, "");
  EXPECT_EQ(Accept(kParent, std::string(512, 'a')).state.size(), 512U);
}

TEST(Trace, NewTracesDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(std::string(Accept("", "").trace()));
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(Trace, ContextThatWasNeverAcceptedNamesNothing) {
  const TraceContext none;
  EXPECT_FALSE(none.valid());
  EXPECT_EQ(none.trace(), "");
}

}  // namespace
}  // namespace msp::telemetry
