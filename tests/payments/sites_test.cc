// SPDX-License-Identifier: Apache-2.0

// Which site a call is for, who may use it, and how much at a time.
#include "service/payments/sites.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace msp::payments {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Sites::Clock::time_point kStart{std::chrono::hours(1)};

SiteSetting Setting(std::string name, std::string key = "key-of-a-site") {
  SiteSetting setting;
  setting.name = std::move(name);
  setting.api_key = std::move(key);
  return setting;
}

std::vector<SiteSetting> Settings(std::initializer_list<SiteSetting> settings) { return settings; }

// The admitted site's name, or the reason why not.
std::string Decision(Sites& sites, std::string_view site,
                     std::vector<std::string_view> identities = {}) {
  auto admitted = sites.Admit({.site = site, .identities = std::move(identities)}, kStart);
  if (const auto* failure = std::get_if<Failure>(&admitted)) {
    EXPECT_EQ(failure->outcome, multisafepay::v1::OUTCOME_NOT_SENT);
    return failure->reason;
  }
  return std::get<Sites::Admitted>(admitted).site->name();
}

TEST(Sites, TheOnlySiteNeedsNoName) {
  Sites sites(Settings({Setting("default")}), kStart);
  EXPECT_EQ(Decision(sites, ""), "default");
  EXPECT_EQ(Decision(sites, "default"), "default");
  EXPECT_EQ(Decision(sites, "other"), "UNKNOWN_SITE");
}

TEST(Sites, OneOfSeveralIsNamed) {
  Sites sites(Settings({Setting("nl"), Setting("be")}), kStart);
  EXPECT_EQ(Decision(sites, "nl"), "nl");
  EXPECT_EQ(Decision(sites, "be"), "be");
  EXPECT_EQ(Decision(sites, ""), "UNKNOWN_SITE");
  EXPECT_EQ(Decision(sites, "NL"), "UNKNOWN_SITE");
}

TEST(Sites, ABoundSiteIsForTheBearersOfItsNamesAlone) {
  SiteSetting bound = Setting("nl");
  bound.identities = {"spiffe://shop/nl", "nl.shop.test"};
  Sites sites(Settings({bound, Setting("be")}), kStart);
  EXPECT_EQ(Decision(sites, "nl"), "SITE_FORBIDDEN");
  EXPECT_EQ(Decision(sites, "nl", {"be.shop.test"}), "SITE_FORBIDDEN");
  EXPECT_EQ(Decision(sites, "nl", {"localhost", "nl.shop.test"}), "nl");
  EXPECT_EQ(Decision(sites, "", {"spiffe://shop/nl"}), "nl");
  EXPECT_EQ(Decision(sites, "", {"be.shop.test"}), "UNKNOWN_SITE");
  EXPECT_EQ(Decision(sites, "be", {"spiffe://shop/nl"}), "be");
}

TEST(Sites, TheOnlySiteCanBeBoundToo) {
  SiteSetting bound = Setting("nl");
  bound.identities = {"nl.shop.test"};
  Sites sites(Settings({bound}), kStart);
  EXPECT_EQ(Decision(sites, ""), "SITE_FORBIDDEN");
  EXPECT_EQ(Decision(sites, "", {"nl.shop.test"}), "nl");
}

TEST(Sites, ACertificateOfTwoSitesHasToNameOne) {
  SiteSetting nl = Setting("nl");
  SiteSetting be = Setting("be");
  nl.identities = be.identities = {"shop.test"};
  Sites sites(Settings({nl, be}), kStart);
  EXPECT_EQ(Decision(sites, "", {"shop.test"}), "UNKNOWN_SITE");
  EXPECT_EQ(Decision(sites, "be", {"shop.test"}), "be");
}

TEST(Sites, PlacesAreGivenBackAndOthersHaveTheirOwn) {
  SiteSetting nl = Setting("nl");
  nl.limits.in_flight_max = 2;
  Sites sites(Settings({nl, Setting("be")}), kStart);
  auto first = sites.Admit({.site = "nl", .identities = {}}, kStart);
  auto second = sites.Admit({.site = "nl", .identities = {}}, kStart);
  const auto third = sites.Admit({.site = "nl", .identities = {}}, kStart);
  ASSERT_TRUE(std::holds_alternative<Failure>(third));
  EXPECT_EQ(std::get<Failure>(third).reason, "SITE_LIMIT");
  EXPECT_GT(std::get<Failure>(third).retry_after_ms, 0);
  EXPECT_EQ(Decision(sites, "be"), "be");
  first = Failure{};
  EXPECT_EQ(Decision(sites, "nl"), "nl");
  EXPECT_EQ(sites.Facts()[1].name, "nl");
  EXPECT_EQ(sites.Facts()[1].in_flight, 1);
  EXPECT_EQ(sites.Facts()[1].refused, 1);
}

TEST(Sites, ARateLetsASecondsWorthThroughAndSaysWhenTheNextMayCome) {
  SiteSetting nl = Setting("nl");
  nl.limits.calls_per_s = 4;
  Sites sites(Settings({nl}), kStart);
  const auto ask = [&sites](milliseconds after) {
    const auto admitted = sites.Admit({}, kStart + after);
    const auto* failure = std::get_if<Failure>(&admitted);
    return failure == nullptr ? 0 : failure->retry_after_ms;
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(milliseconds(0)), 0) << i;
  EXPECT_EQ(ask(milliseconds(0)), 250);
  EXPECT_EQ(ask(milliseconds(100)), 150);
  EXPECT_EQ(ask(milliseconds(250)), 0);
  EXPECT_EQ(ask(milliseconds(250)), 250);
  // However long it rests, no more than a second's worth is saved up.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(seconds(60)), 0) << i;
  EXPECT_EQ(ask(seconds(60)), 250);
}

TEST(Sites, ARotatedKeyIsNewForNewCallsAndOldForThoseInHand) {
  Sites sites(Settings({Setting("nl", "old-key")}), kStart);
  const auto before = sites.Find("nl");
  EXPECT_THAT(sites.Update(Settings({Setting("nl", "new-key")}), kStart),
              ::testing::ElementsAre("nl"));
  EXPECT_EQ(before->api_key(), "old-key");
  EXPECT_EQ(sites.Find("nl", kStart)->api_key(), "new-key");
  EXPECT_THAT(sites.Update(Settings({Setting("nl", "new-key")}), kStart), ::testing::IsEmpty());
}

TEST(Sites, NotificationsSignedWithTheReplacedKeyAreTakenForAWhile) {
  Sites sites(Settings({Setting("nl", "old-key")}), kStart);
  EXPECT_EQ(sites.Find("nl", kStart)->previous_key(), "");
  sites.Update(Settings({Setting("nl", "new-key")}), kStart);
  EXPECT_EQ(sites.Find("nl", kStart)->previous_key(), "old-key");
  // Reading the unchanged files again removes nothing and adds no time.
  sites.Update(Settings({Setting("nl", "new-key")}), kStart + seconds(60));
  EXPECT_EQ(sites.Find("nl", kStart + seconds(61))->previous_key(), "old-key");
  EXPECT_EQ(sites.Find("nl", kStart + Sites::kPreviousKeyLife)->previous_key(), "");
  EXPECT_EQ(sites.Find("nl", kStart + Sites::kPreviousKeyLife)->api_key(), "new-key");
}

TEST(Sites, APreviousKeyOfTheSettingsStaysUntilTheyDropIt) {
  SiteSetting nl = Setting("nl", "new-key");
  nl.previous_key = "old-key";
  Sites sites(Settings({nl}), kStart);
  EXPECT_EQ(sites.Find("nl", kStart + std::chrono::hours(1000))->previous_key(), "old-key");
  sites.Update(Settings({Setting("nl", "new-key")}), kStart);
  EXPECT_EQ(sites.Find("nl", kStart)->previous_key(), "");
}

TEST(Sites, ASiteThatIsTakenAwayIsUnknownAndItsCallsEndInPeace) {
  Sites sites(Settings({Setting("nl"), Setting("be")}), kStart);
  auto call = sites.Admit({.site = "nl", .identities = {}}, kStart);
  sites.Update(Settings({Setting("be")}), kStart);
  EXPECT_EQ(Decision(sites, "nl"), "UNKNOWN_SITE");
  EXPECT_EQ(sites.Find("nl"), nullptr);
  EXPECT_EQ(std::get<Sites::Admitted>(call).site->name(), "nl");
}

TEST(Sites, LimitsThatChangeCountTheCallsInHand) {
  Sites sites(Settings({Setting("nl")}), kStart);
  const auto call = sites.Admit({}, kStart);
  SiteSetting bounded = Setting("nl");
  bounded.limits.in_flight_max = 1;
  sites.Update(Settings({bounded}), kStart);
  EXPECT_EQ(Decision(sites, "nl"), "SITE_LIMIT");
}

}  // namespace
}  // namespace msp::payments
