// SPDX-License-Identifier: Apache-2.0

// Files that say who may call: sites, keys and certificates; and when a change of them takes
// effect.
#include <atomic>
#include <chrono>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/tls_files.h"
#include "service/config/credentials.h"
#include "service/config/reload.h"
#include "tests/testing/authority.h"
#include "tests/testing/gate.h"

namespace msp {
namespace {

using msp::testing::Authority;
using msp::testing::Folder;
using msp::testing::Issued;
using ::testing::HasSubstr;
using ::testing::Not;

class SitesFile : public ::testing::Test {
 protected:
  // The sites, or the error.
  absl::StatusOr<std::vector<payments::SiteSetting>> Read(const std::string& json) {
    return ReadSites(
        {.sites_file = folder_.Put("sites.json", json), .api_key_file = {}, .api_key = {}});
  }
  std::string ErrorOf(const std::string& sites) {
    return std::string(Read(absl::StrCat(R"({"sites": )", sites, "}")).status().message());
  }

  const Folder folder_;
  const std::string key_file_ = folder_.Put("nl.key", "  key-of-nl-123\n");
};

TEST_F(SitesFile, HoldsSitesWithKeysBesideItAndLimits) {
  folder_.Put("old.key", "old-key-of-nl");
  const auto sites = Read(R"({"sites": [
      {"name": "nl", "key_file": "nl.key", "previous_key_file": "old.key", "in_flight_max": 20,
       "calls_per_s": 2.5, "identities": ["spiffe://shop/nl"]},
      {"name": "be", "key_file": ")" +
                          key_file_ + R"("}]})");
  ASSERT_TRUE(sites.ok()) << sites.status();
  ASSERT_EQ(sites->size(), 2U);
  const payments::SiteSetting& nl = sites->at(0);
  EXPECT_EQ(nl.name, "nl");
  EXPECT_EQ(nl.api_key, "key-of-nl-123");
  EXPECT_EQ(nl.previous_key, "old-key-of-nl");
  EXPECT_EQ(nl.limits.in_flight_max, 20);
  EXPECT_EQ(nl.limits.calls_per_s, 2.5);
  EXPECT_THAT(nl.identities, ::testing::ElementsAre("spiffe://shop/nl"));
  EXPECT_EQ(sites->at(1).api_key, "key-of-nl-123");
  EXPECT_TRUE(sites->at(1).identities.empty());
}

TEST_F(SitesFile, RefusalNamesTheMemberAndShowsNoKey) {
  folder_.Put("short.key", "abcd");
  folder_.Put("two.key", "two words-of-a-key");
  struct Case {
    const char* sites;
    const char* where;
  };
  const std::vector<Case> cases{
      {"[]", "--sites_file: "},
      {"{}", "--sites_file: "},
      {"[1]", "sites[0]: must be an object"},
      {R"([{"key_file": "nl.key"}])", "sites[0].name"},
      {R"([{"name": "", "key_file": "nl.key"}])", "sites[0].name"},
      {R"([{"name": "a b", "key_file": "nl.key"}])", "sites[0].name"},
      {R"([{"name": 7, "key_file": "nl.key"}])", "sites[0].name"},
      {R"([{"name": "nl"}])", "sites[0].key_file"},
      {R"([{"name": "nl", "key_file": ""}])", "sites[0].key_file"},
      {R"([{"name": "nl", "key_file": "none.key"}])", "sites[0].key_file: cannot read"},
      {R"([{"name": "nl", "key_file": "short.key"}])", "fewer than 5 characters"},
      {R"([{"name": "nl", "key_file": "two.key"}])", "one word"},
      {R"([{"name": "nl", "key": "key-in-the-open"}])", "sites[0].key: is not a member"},
      {R"([{"name": "nl", "key_file": "nl.key", "in_flight_max": -1}])", "sites[0].in_flight_max"},
      {R"([{"name": "nl", "key_file": "nl.key", "in_flight_max": 1.5}])", "sites[0].in_flight_max"},
      {R"([{"name": "nl", "key_file": "nl.key", "calls_per_s": "9"}])", "sites[0].calls_per_s"},
      {R"([{"name": "nl", "key_file": "nl.key", "calls_per_s": 1e300}])", "sites[0].calls_per_s"},
      {R"([{"name": "nl", "key_file": "nl.key", "identities": []}])", "sites[0].identities"},
      {R"([{"name": "nl", "key_file": "nl.key", "identities": [""]}])", "sites[0].identities"},
      {R"([{"name": "nl", "key_file": "nl.key"}, {"name": "nl", "key_file": "nl.key"}])", "twice"},
  };
  for (const Case& one : cases) {
    const std::string error = ErrorOf(one.sites);
    EXPECT_THAT(error, HasSubstr(one.where)) << one.sites;
    EXPECT_THAT(error, Not(HasSubstr("words-of-a-key")));
    EXPECT_THAT(error, Not(HasSubstr("key-in-the-open")));
    EXPECT_THAT(error, Not(HasSubstr("\n")));
  }
  EXPECT_THAT(std::string(Read("{\"sites\": [").status().message()), HasSubstr("must hold"));
}

class TlsPair : public ::testing::Test {
 protected:
  std::string ErrorOf(const Issued& issued, const std::string& authorities) {
    const auto read = ReadTls({.cert_file = folder_.Put("cert.pem", issued.cert),
                               .key_file = folder_.Put("key.pem", issued.key),
                               .client_ca_file = folder_.Put("ca.pem", authorities)});
    return std::string(read.status().message());
  }

  const Folder folder_;
  const Authority authority_;
  const Issued good_ = authority_.Issue("DNS:localhost");
};

TEST_F(TlsPair, IsTakenWhenItFits) {
  EXPECT_EQ(ErrorOf(good_, authority_.pem()), "");
  EXPECT_EQ(ErrorOf(good_, authority_.pem() + Authority("another").pem()), "");
  EXPECT_EQ(ErrorOf({.cert = good_.cert + authority_.pem(), .key = good_.key}, authority_.pem()),
            "");
}

TEST_F(TlsPair, IsRefusedForWhatIsWrongWithIt) {
  const std::string ca = authority_.pem();
  const Issued other = authority_.Issue("DNS:localhost");
  const auto broken = [](std::string text) { return text.substr(0, text.size() / 2); };
  EXPECT_THAT(ErrorOf({.cert = good_.cert, .key = other.key}, ca), HasSubstr("is not the key of"));
  EXPECT_THAT(ErrorOf({.cert = "", .key = good_.key}, ca), HasSubstr("--tls_cert_file"));
  EXPECT_THAT(ErrorOf({.cert = broken(good_.cert), .key = good_.key}, ca),
              HasSubstr("--tls_cert_file"));
  EXPECT_THAT(ErrorOf({.cert = good_.cert, .key = broken(good_.key)}, ca),
              HasSubstr("--tls_key_file"));
  EXPECT_THAT(ErrorOf(authority_.Issue("DNS:localhost", -7200, -60), ca), HasSubstr("has expired"));
  EXPECT_THAT(ErrorOf(authority_.Issue("DNS:localhost", 3600, 7200), ca),
              HasSubstr("not valid yet"));
  EXPECT_THAT(ErrorOf(good_, "nothing"), HasSubstr("--tls_client_ca_file"));
  EXPECT_THAT(ErrorOf(good_, ca + broken(ca)), HasSubstr("--tls_client_ca_file"));
}

TEST(Reload, TakesAChangeThatTwoReadsAgreeOnAndKeepsTheLastGoodOne) {
  telemetry::Log log({.level = telemetry::Level::kError, .fd = -1});
  std::atomic<int> content{1};
  std::atomic<int> in_use{1};
  std::atomic<int> reads{0};
  Reloader reloader(
      {{"numbers",
        [&]() -> absl::StatusOr<FileContent> {
          ++reads;
          const int seen = content.load();
          if (seen < 0) return absl::InvalidArgumentError("is broken");
          return FileContent{std::to_string(seen), [&in_use, seen] { in_use = seen; }};
        }}},
      std::chrono::hours(1), log);
  const auto reload = [&] {
    const int before = reads.load();
    reloader.CheckNow();
    while (reads.load() < before + 2) std::this_thread::yield();
    const int again = reads.load();
    reloader.CheckNow();  // When its reads begin, the ones before have been processed.
    while (reads.load() < again + 2) std::this_thread::yield();
  };
  content = 2;
  reload();
  EXPECT_EQ(in_use, 2);
  EXPECT_EQ(reloader.states()[0]->reloads, 1);
  content = -1;
  reload();
  EXPECT_EQ(in_use, 2);
  EXPECT_TRUE(reloader.states()[0]->refused);
  content = 3;
  reload();
  EXPECT_EQ(in_use, 3);
  EXPECT_FALSE(reloader.states()[0]->refused);
}

TEST(Digests, CoverEveryMember) {
  payments::SiteSetting site;
  site.name = "nl";
  site.api_key = "key-of-nl";
  std::vector<payments::SiteSetting> sites{site};
  const std::string before = DigestOf(sites);
  EXPECT_EQ(DigestOf(sites), before);
  for (const auto& change : std::vector<std::function<void(payments::SiteSetting&)>>{
           [](auto& of) { of.name = "be"; }, [](auto& of) { of.api_key = "key-of-nm"; },
           [](auto& of) { of.previous_key = "key"; }, [](auto& of) { of.limits.calls_per_s = 0.5; },
           [](auto& of) { of.limits.in_flight_max = 1; },
           [](auto& of) { of.identities.emplace_back("x"); }}) {
    sites = {site};
    change(sites[0]);
    EXPECT_NE(DigestOf(sites), before);
  }
}

}  // namespace
}  // namespace msp
