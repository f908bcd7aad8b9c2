// SPDX-License-Identifier: Apache-2.0

// What the pool does with one request at a time: what is sent, what comes back, which outcome it
// has.
#include "service/http/curl_pool.h"

#include <ctime>
#include <string>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

class CurlPoolTest : public PoolTest {};
INSTANTIATE_TEST_SUITE_P(Addresses, CurlPoolTest, kAddresses, AddressName);

TEST_P(CurlPoolTest, GoesThroughTheResolverWhenNamed) {
  const int before = testing::ResolverLookups();
  auto pool = Pool();
  EXPECT_EQ(RestCall(*pool, Get()).status, 200);
  EXPECT_EQ(testing::ResolverLookups() - before, GetParam() == Address::kName ? 1 : 0);
}

TEST_P(CurlPoolTest, SendsEachMethodWithItsBodyAndHeaders) {
  const struct {
    Method method;
    const char* verb;
    std::string body;
  } cases[] = {{Method::kGet, "GET", ""},        {Method::kPost, "POST", kBody},
               {Method::kPatch, "PATCH", kBody}, {Method::kDelete, "DELETE", ""},
               {Method::kPost, "POST", ""},      {Method::kDelete, "DELETE", kBody},
               {Method::kGet, "GET", ""},        {Method::kPatch, "PATCH", ""},
               {Method::kPost, "POST", kBody}};
  auto pool = Pool();
  std::size_t count = 0;
  for (const auto& c : cases) {
    Request request = Get("/orders/a%2Fb/../c?x=1&y=%20");
    request.method = c.method;
    request.body = c.body;
    EXPECT_EQ(RestCall(*pool, std::move(request)).outcome, CallOutcome::kConfirmed);
    ASSERT_EQ(upstream_.requests().size(), ++count);
    const RecordedRequest seen = upstream_.requests().back();
    EXPECT_EQ(seen.method, c.verb);
    EXPECT_EQ(seen.target, "/orders/a%2Fb/../c?x=1&y=%20");
    EXPECT_EQ(seen.body, c.body);
    EXPECT_TRUE(seen.HasExactHeader("api_key"));
    EXPECT_EQ(seen.Header("api_key"), "secret-of-the-site");
    EXPECT_EQ(seen.Header("Accept"), "application/json");
    EXPECT_THAT(seen.Header("User-Agent"), ::testing::StartsWith("multisafepay-grpc/"));
    EXPECT_EQ(seen.Header("Content-Type"), c.body.empty() ? "" : "application/json") << c.verb;
    EXPECT_FALSE(seen.HasExactHeader("Expect"));
    EXPECT_EQ(seen.connection, 0);
  }
}

TEST_P(CurlPoolTest, SendsABodyOfAnySizeAsItStands) {
  auto pool = Pool();
  for (const std::size_t size : {1U, 1024U, 16384U, 65536U, 70000U, 1048577U}) {
    std::string body(size, 'x');
    body.back() = '\0';
    EXPECT_EQ(RestCall(*pool, Post(body)).status, 200) << size;
    EXPECT_EQ(upstream_.requests().back().body, body) << size;
    EXPECT_FALSE(upstream_.requests().back().HasExactHeader("Expect"));
  }
}

TEST_P(CurlPoolTest, AddsTheHeadersOfOneRequestToThatRequestAlone) {
  auto pool = Pool();
  Request request = Get();
  request.extra_headers = {"traceparent: 00-1", "evil: a\r\nInjected: b", "no colon",
                           "tracestate: x"};
  RestCall(*pool, std::move(request));
  RestCall(*pool, Get());
  const auto seen = upstream_.requests();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].Header("traceparent"), "00-1");
  EXPECT_EQ(seen[0].Header("tracestate"), "x");
  EXPECT_EQ(seen[0].Header("evil"), "");
  EXPECT_EQ(seen[0].Header("Injected"), "");
  EXPECT_EQ(seen[0].Header("api_key"), "secret-of-the-site");
  EXPECT_EQ(seen[1].Header("traceparent"), "");
}

TEST_P(CurlPoolTest, AnAnswerOfAnyStatusIsACompletedCall) {
  auto pool = Pool();
  for (const int status : {200, 201, 301, 302, 307, 400, 401, 404, 407, 417, 429, 500, 503}) {
    upstream_.Script([status](const RecordedRequest&) {
      return Reply::Json(status, R"({"success":false})").Header("Location", "/elsewhere");
    });
    const Response response = RestCall(*pool, Post());
    EXPECT_THAT(response, Ended(CallOutcome::kConfirmed, TransferError::kNone));
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, R"({"success":false})");
    EXPECT_EQ(response.detail, "");
    EXPECT_GE(response.body.capacity(), response.body.size() + kBodyPadding);
  }
  EXPECT_EQ(upstream_.Count("POST"), 13);
  EXPECT_EQ(upstream_.Count("GET"), 0) << "a redirect was followed";
}

TEST_P(CurlPoolTest, KeepsRetryAfterInBothItsForms) {
  std::time_t then = std::time(nullptr) + 120;
  std::tm utc{};
  gmtime_r(&then, &utc);
  char date[64];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  const struct {
    int status;
    std::string value;
    std::int64_t min_s, max_s;
  } cases[] = {
      {503, "17", 17, 17},
      {429, "0", 0, 0},
      {503, date, 60, 120},
      {503, "Thu, 01 Jan 1998 00:00:00 GMT", 0, 0},
      {503, "soon", -1, -1},
      {503, "-5", -1, -1},
      {503, "99999999999999999999", -1, -1},
      {200, "17", -1, -1},
  };
  auto pool = Pool();
  for (const auto& c : cases) {
    upstream_.Script([&c](const RecordedRequest&) {
      return Reply::Json(c.status, "{}").Header("retry-after", c.value);
    });
    const Response response = RestCall(*pool, Get());
    EXPECT_GE(response.retry_after_s, c.min_s) << c.value;
    EXPECT_LE(response.retry_after_s, c.max_s) << c.value;
  }
  upstream_.Answer(503, "{}");
  EXPECT_EQ(RestCall(*pool, Get()).retry_after_s, -1);
}

TEST_P(CurlPoolTest, UsesOneConnectionAgainAndSaysSo) {
  auto pool = Pool();
  for (int i = 0; i < 5; ++i) {
    const Response response = RestCall(*pool, i % 2 == 0 ? Post() : Get());
    EXPECT_EQ(response.timings.reused_connection, i > 0);
    EXPECT_EQ(response.timings.connect_us > 0, i == 0);
    EXPECT_GT(response.timings.total_us, 0);
  }
  EXPECT_EQ(upstream_.connections(), 1);
  const PoolStats stats = pool->Stats();
  EXPECT_EQ(stats.connections_new, 1);
  EXPECT_EQ(stats.connections_reused, 4);
  EXPECT_EQ(stats.answered, 5);
  EXPECT_EQ(stats.writes.in_flight + stats.reads.in_flight, 0);
  EXPECT_EQ(stats.writes.queued + stats.reads.queued, 0);
}

TEST_P(CurlPoolTest, ConnectionEndedBeforeAnythingWasReadIsUnknown) {
  // The request was on its way by then; only the upstream knows that nobody read it.
  for (const CloseMode ending : {CloseMode::kRst, CloseMode::kFin}) {
    upstream_.RefuseConnections(ending);
    auto pool = Pool();
    const Response response = RestCall(*pool, Post());
    EXPECT_NE(response.outcome, CallOutcome::kConfirmed);
    EXPECT_EQ(upstream_.Count("POST"), 0);
  }
}

TEST_P(CurlPoolTest, AnswerOverTheCapIsUnknownAndOneAtTheCapIsNot) {
  auto pool = Pool([&](PoolOptions& options) { options.body_max_bytes = 1000; });
  const struct {
    Reply reply;
    CallOutcome outcome;
  } cases[] = {
      {Reply::Json(200, std::string(1000, 'a')), CallOutcome::kConfirmed},
      {Reply::Json(200, std::string(1001, 'a')), CallOutcome::kUnknown},
      {Reply::Json(200, std::string(1001, 'a')).Chunked(), CallOutcome::kUnknown},
      {Reply::Json(200, std::string(3'000'000, 'a')), CallOutcome::kUnknown},
      {Reply::Json(200, "{}").DeclaredLength(std::size_t{1} << 62).Then(CloseMode::kFin),
       CallOutcome::kUnknown},
  };
  for (const auto& c : cases) {
    upstream_.Script([&c](const RecordedRequest&) { return c.reply; });
    const Response response = RestCall(*pool, Post());
    EXPECT_EQ(response.outcome, c.outcome);
    if (c.outcome == CallOutcome::kConfirmed) continue;
    EXPECT_EQ(response.failure,
              c.reply.declared_length ? TransferError::kBroken : TransferError::kTooLarge);
    EXPECT_EQ(response.body, "");
  }
}

// The row "an answer behind the answer" of curl_pool_answers_test.cc is one that comes with the
// first.
TEST_P(CurlPoolTest, AnAnswerThatCameWhileTheConnectionWasIdleIsNotTakenForTheNextOne) {
  upstream_.Answer(200, "fresh");
  auto pool = Pool();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(RestCall(*pool, Get()).body, "fresh");
    upstream_.WaitForIdle(1);
    upstream_.SendToIdle("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale");
    EXPECT_EQ(RestCall(*pool, Post()).body, "fresh");
  }
}

TEST_P(CurlPoolTest, DeadlineThatHasPassedIsNotSent) {
  auto pool = Pool();
  for (const Clock::time_point deadline : {Clock::time_point{}, Clock::now()}) {
    Request request = Post();
    request.deadline = deadline;
    EXPECT_THAT(RestCall(*pool, std::move(request)),
                Ended(CallOutcome::kNotSent, TransferError::kDeadline));
  }
  EXPECT_EQ(upstream_.connections(), 0);
}

TEST_P(CurlPoolTest, AMalformedTargetIsRefusedUnsent) {
  auto pool = Pool();
  for (const std::string target : {"", "orders", "@evil.example/", "/a b", "/a\r\nX: y", "/a#b"}) {
    Request request = Post();
    request.target = target;
    EXPECT_EQ(RestCall(*pool, std::move(request)).outcome, CallOutcome::kNotSent) << target;
  }
  EXPECT_EQ(upstream_.connections(), 0);
}

}  // namespace
}  // namespace msp::http
