// SPDX-License-Identifier: Apache-2.0

// What single flight remembers of completed calls.
#include "service/payments/single_flight.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace msp::payments {
namespace {

using Acquired = SingleFlight::Acquired;
using std::chrono::milliseconds;

class SingleFlightTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const SingleFlight::Flight> Call(
      const std::string& digest, const std::string& name = "site order-1") {
    return std::make_shared<SingleFlight::Flight>(
        SingleFlight::Flight{.text = digest + name, .digest_bytes = digest.size()});
  }
  Acquired Acquire(const std::string& digest, const std::string& name = "site order-1") {
    SingleFlight::Ticket ticket = 0;
    return flights.Acquire(
        Call(digest, name), [](const void*) {}, &ticket);
  }
  // One call from its beginning to its end.
  Acquired Run(const std::string& digest, milliseconds remember_for = milliseconds(60'000),
               const std::string& name = "site order-1") {
    const Acquired boarding = Acquire(digest, name);
    flights.Release(name, nullptr, remember_for);
    return boarding;
  }

  SingleFlight flights{SingleFlight::Limits{}};
};

TEST_F(SingleFlightTest, ACompletedCallIsKnownWhateverElseWasDoneToTheOrderSince) {
  EXPECT_EQ(Run("create"), Acquired::kLeads);
  for (const char* other : {"refund 1", "refund 2", "capture", "cancel", "create anew"})
    EXPECT_EQ(Run(other), Acquired::kLeads) << other;
  for (const char* again : {"create", "refund 1", "refund 2", "capture", "cancel"})
    EXPECT_EQ(Run(again), Acquired::kLeadsAfterSame) << again;
}

TEST_F(SingleFlightTest, AnEqualDigestOfAnotherOrderIsAnotherCall) {
  EXPECT_EQ(Run("create"), Acquired::kLeads);
  EXPECT_EQ(Run("create", milliseconds(60'000), "site order-2"), Acquired::kLeads);
}

TEST_F(SingleFlightTest, EachCompletionIsRememberedAsLongAsItSays) {
  EXPECT_EQ(Run("certainly nothing done", milliseconds(0)), Acquired::kLeads);
  EXPECT_EQ(Run("certainly nothing done", milliseconds(1)), Acquired::kLeads);
  const auto end = std::chrono::steady_clock::now() + milliseconds(2);
  while (std::chrono::steady_clock::now() < end) {
  }
  EXPECT_EQ(Run("certainly nothing done", milliseconds(300'000)), Acquired::kLeads);
  EXPECT_EQ(Run("certainly nothing done"), Acquired::kLeadsAfterSame);
}

TEST_F(SingleFlightTest, ThousandsOfCompletionsAreRememberedAndTheirMemoryIsBounded) {
  constexpr int kCalls = 100'000;
  int known = 0;
  const auto create = [this](int i) {
    return Run("create", milliseconds(60'000), "site order-" + std::to_string(i));
  };
  for (int i = 0; i < 4'000; ++i) create(i);
  for (int i = 0; i < 4'000; ++i) known += create(i) == Acquired::kLeadsAfterSame ? 1 : 0;
  EXPECT_GE(known, 3'950) << "a full set forgets one now and then";
  for (int i = 0; i < kCalls; ++i) create(4'000 + i);
  EXPECT_EQ(create(4'000 + kCalls - 1), Acquired::kLeadsAfterSame);
}

TEST_F(SingleFlightTest, WithoutRoomNothingIsRemembered) {
  SingleFlight forgetful(SingleFlight::Limits{.completed_max = 0});
  SingleFlight::Ticket ticket = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(forgetful.Acquire(
                  Call("create"), [](const void*) {}, &ticket),
              Acquired::kLeads);
    forgetful.Release("site order-1", nullptr, true);
  }
}

}  // namespace
}  // namespace msp::payments
