// SPDX-License-Identifier: Apache-2.0

// The promise that a money-moving request leaves at most once, against every way in which a
// connection that is used again can die.
#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <tuple>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

using Case = std::tuple<Address, Upstream::Transport, CloseMode>;

class ResendTest : public ::testing::TestWithParam<Case> {
 protected:
  ResendTest() : upstream_(std::get<1>(GetParam())) {
    pool_ =
        *CurlPool::Create(OptionsTo(upstream_, std::get<0>(GetParam()), std::get<1>(GetParam())));
  }
  static CloseMode ending() { return std::get<2>(GetParam()); }

  // Makes a connection, and lets every later request on it, once read, end in silence.
  void DieOnReuse() {
    ASSERT_EQ(RestCall(*pool_, Get()).status, 200);
    upstream_.Script([](const RecordedRequest& request) {
      return request.on_connection > 0 ? Reply::Close(ending()) : Reply::Json(200, "{}");
    });
  }

  Upstream upstream_;
  std::unique_ptr<CurlPool> pool_;
};

const auto kAllCases = ::testing::Combine(kAddresses, kTransports,
                                          ::testing::Values(CloseMode::kRst, CloseMode::kFin));
std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  const auto& [address, transport, ending] = info.param;
  return NameOf(address) + "_" + NameOf(transport) + (ending == CloseMode::kRst ? "_rst" : "_fin");
}

INSTANTIATE_TEST_SUITE_P(All, ResendTest, kAllCases, CaseName);

TEST_P(ResendTest, AWriteIsSentOnceAndItsOutcomeIsUnknown) {
  for (const Method method : {Method::kPost, Method::kPatch, Method::kDelete}) {
    const std::size_t before = upstream_.requests().size();
    DieOnReuse();
    Request request = Post();
    request.method = method;
    const Response response = RestCall(*pool_, std::move(request));
    EXPECT_THAT(response, Ended(CallOutcome::kUnknown, TransferError::kBroken));
    EXPECT_TRUE(response.timings.reused_connection);
    EXPECT_EQ(upstream_.requests().size() - before, 2U) << "one GET and one write";
    upstream_.Answer(200, "{}");
  }
}

TEST_P(ResendTest, AReadIsSentAgainOnce) {
  DieOnReuse();
  EXPECT_EQ(RestCall(*pool_, Get()).outcome, CallOutcome::kConfirmed);
  EXPECT_EQ(upstream_.Count("GET"), 3);
  upstream_.Script([](const RecordedRequest&) { return Reply::Close(ending()); });
  EXPECT_EQ(RestCall(*pool_, Get()).outcome, CallOutcome::kUnknown);
  EXPECT_EQ(upstream_.Count("GET"), 5);
}

TEST_P(ResendTest, AWriteAfterAnIdleConnectionEndedGoesThrough) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(RestCall(*pool_, Get()).status, 200);
    upstream_.WaitForIdle(1);
    upstream_.CloseIdle(ending());
    const Response response = RestCall(*pool_, Post());
    EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
    EXPECT_EQ(upstream_.Count("POST"), i + 1);
  }
}

// The connection dies where the worker's thread cannot see it: it is busy with a callback, and the
// next request begins there. A reset takes nothing of the request, and another connection may have
// it.
TEST_P(ResendTest, AWriteThatMeetsAResetGoesThroughOnAnotherConnection) {
  for (int i = 0; i < 20; ++i) {
    const auto promise = std::make_shared<std::promise<Response>>();
    pool_->Start(Get(), [&, promise](Response) {
      upstream_.WaitForIdle(1);
      upstream_.CloseIdle(CloseMode::kRst);
      pool_->Start(Post(),
                   [promise](Response response) { promise->set_value(std::move(response)); });
    });
    const Response response = promise->get_future().get();
    EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << i << ": " << response.detail;
    EXPECT_FALSE(response.timings.reused_connection);
    EXPECT_EQ(upstream_.Count("POST"), i + 1);
  }
}

TEST_P(ResendTest, AnswerThatBreaksOffOnAReusedConnectionIsUnknown) {
  ASSERT_EQ(RestCall(*pool_, Get()).status, 200);
  upstream_.Script([](const RecordedRequest& request) {
    return request.method == "GET"
               ? Reply::Json(200, "{}")
               : Reply::Json(200, R"({"success")").DeclaredLength(100).Then(ending());
  });
  const Response response = RestCall(*pool_, Post());
  EXPECT_EQ(response.outcome, CallOutcome::kUnknown);
  EXPECT_EQ(upstream_.Count("POST"), 1);
}

// The upstream ends the connection after the head and whatever of the body came with it.
class CutShort : public ResendTest {
 protected:
  void EndInTheBody() {
    upstream_.ScriptEarly([this](const RecordedRequest&) -> std::optional<Reply> {
      ++begun_;
      return Reply::Close(ending());
    });
  }
  std::atomic<int> begun_{0};
};
INSTANTIATE_TEST_SUITE_P(All, CutShort, kAllCases, CaseName);

TEST_P(CutShort, AWriteWhoseBodyNeverLeftWholeIsNotSent) {
  for (const bool reusable : {false, true}) {
    if (reusable) {
      ASSERT_EQ(RestCall(*pool_, Get()).status, 200);
    }
    EndInTheBody();
    EXPECT_THAT(RestCall(*pool_, Post(std::string(700'000, 'x'))),
                Ended(CallOutcome::kNotSent, TransferError::kBroken));
    EXPECT_EQ(upstream_.Count("POST"), 0) << "none came whole";
    upstream_.ScriptEarly(nullptr);
  }
  pool_->Stop();
  EXPECT_EQ(begun_, 2) << "each was sent once";
}

TEST_P(CutShort, AWriteThatLeftWholeIsUnknown) {
  EndInTheBody();
  const Response response = RestCall(*pool_, Post());
  EXPECT_EQ(response.outcome, CallOutcome::kUnknown);
  pool_->Stop();
  EXPECT_EQ(begun_, 1);
}

}  // namespace
}  // namespace msp::http
