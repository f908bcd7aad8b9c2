// The promise that a money-moving request leaves at most once, over HTTP/2.
#include <string>
#include <utility>
#include <vector>

#include "tests/http/pool_test.h"
#include "tests/testing/upstream_h2.h"

namespace msp::http {
namespace {

using testing::UpstreamH2;
using Action = UpstreamH2::Action;

struct Case {
  Address address;
  Action action;
  const char* name;
  bool sent_again_by_libcurl;  // By 7.88.1, without the guard.
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const Address address : {Address::kIp, Address::kName}) {
    cases.push_back({address, Action::kRefuseStream, "refused_stream", true});
    cases.push_back({address, Action::kFailStream, "failed_stream", false});
    cases.push_back({address, Action::kGoAway, "goaway", false});
    cases.push_back({address, Action::kClose, "close", false});
    cases.push_back({address, Action::kReset, "reset", true});
  }
  return cases;
}

std::string CaseName(const ::testing::TestParamInfo<Case>& tested) {
  return std::string(tested.param.address == Address::kIp ? "ip_" : "name_") + tested.param.name;
}

class Http2Test : public ::testing::TestWithParam<Case> {
 protected:
  Http2Test() {
    PoolOptions options =
        OptionsFor(GetParam().address == Address::kIp ? upstream_.url() : upstream_.named_url());
    options.ca_file = upstream_.ca_file();
    options.http2 = true;
    pool_ = *CurlPool::Create(std::move(options));
  }
  // Makes a connection, and lets the next request on it end in the way under test.
  void FailOnReuse() {
    ASSERT_EQ(Exchange(*pool_, Get()).status, 200);
    const Action action = GetParam().action;
    upstream_.Script([action, failed = false](int, int on_connection) mutable {
      if (on_connection == 0 || std::exchange(failed, true)) return Action::kAnswer;
      return action;
    });
  }

  UpstreamH2 upstream_;
  std::unique_ptr<CurlPool> pool_;
};
INSTANTIATE_TEST_SUITE_P(All, Http2Test, ::testing::ValuesIn(AllCases()), CaseName);

TEST_P(Http2Test, GuardedRequestIsSentOnceAndItsFateIsUnknown) {
  FailOnReuse();
  const Response response = Exchange(*pool_, Post());
  EXPECT_EQ(response.fate, Fate::kUnknown);
  EXPECT_EQ(response.failure, Failure::kBroken);
  EXPECT_EQ(response.resend_stopped, GetParam().sent_again_by_libcurl);
  EXPECT_EQ(upstream_.requests(), 2) << "one GET and one POST";
}

TEST_P(Http2Test, UnguardedRequestIsSentAgainByLibcurl) {
  FailOnReuse();
  Request request = Post();
  request.guarded = false;
  const Response response = Exchange(*pool_, std::move(request));
  EXPECT_EQ(response.fate == Fate::kAnswered, GetParam().sent_again_by_libcurl) << response.detail;
  EXPECT_EQ(upstream_.requests(), GetParam().sent_again_by_libcurl ? 3 : 2);
}

TEST_P(Http2Test, ThePoolGoesOnAfterwards) {
  FailOnReuse();
  Exchange(*pool_, Post());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Exchange(*pool_, Post()).fate, Fate::kAnswered);
}

TEST(Http2, ManyRequestsShareOneConnection) {
  UpstreamH2 upstream;
  PoolOptions options = OptionsFor(upstream.url());
  options.ca_file = upstream.ca_file();
  options.http2 = true;
  auto pool = CurlPool::Create(options);
  ASSERT_TRUE(pool.ok());
  std::vector<Pending> pending;
  for (int i = 0; i < 50; ++i) pending.emplace_back(**pool, Post());
  for (Pending& one : pending) EXPECT_EQ(one.Wait().body, "{}");
  EXPECT_EQ(upstream.requests(), 50);
  EXPECT_EQ(upstream.connections(), 1);
}

}  // namespace
}  // namespace msp::http
