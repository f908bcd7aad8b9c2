// SPDX-License-Identifier: Apache-2.0

// The answers that a server can give, with the outcome of the request and what becomes of the
// connection: over plain and TLS, to an IP and to a resolved name, with a proxy and without.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "tests/http/pool_test.h"
#include "tests/testing/compressed.h"
#include "tests/testing/connect_proxy.h"

namespace msp::http {
namespace {

using Route = std::tuple<Address, Upstream::Transport, bool /* through a proxy */>;

class AnswersTest : public ::testing::TestWithParam<Route> {
 protected:
  AnswersTest() : upstream_(std::get<1>(GetParam())) {}

  std::unique_ptr<CurlPool> Pool() {
    PoolOptions options = OptionsTo(upstream_, std::get<0>(GetParam()), std::get<1>(GetParam()));
    if (through_proxy()) options.proxy = proxy_.url();
    return *CurlPool::Create(options);
  }
  static bool through_proxy() { return std::get<2>(GetParam()); }

  testing::ConnectProxy proxy_;
  Upstream upstream_;
};
std::string RouteName(const ::testing::TestParamInfo<Route>& tested) {
  const auto& [address, transport, proxied] = tested.param;
  return NameOf(address) + "_" + NameOf(transport) + (proxied ? "_proxy" : "_direct");
}
INSTANTIATE_TEST_SUITE_P(Routes, AnswersTest,
                         ::testing::Combine(kAddresses, kTransports, ::testing::Bool()), RouteName);

constexpr char kOk[] = "HTTP/1.1 200 OK\r\n";

Reply Head(const std::string& rest, CloseMode ending = CloseMode::kKeepAlive) {
  return Reply::Raw(kOk + rest, ending);
}

TEST_P(AnswersTest, EachHasItsOutcome) {
  struct Case {
    const char* name;
    Reply reply;
    std::optional<std::string> body = std::nullopt;  // Nothing: the outcome is indeterminate.
    bool reusable = false;  // The next request goes out on the same connection.
    int status = 200;
  };
  const std::string gzip = testing::Compressed("{}", testing::kGzip);
  const std::string kMany(40'000, 'z');
  const Case cases[] = {
      {"length", Head("Content-Length: 2\r\n\r\n{}"), "{}", true},
      {"same length twice", Head("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), "{}", true},
      {"byte by byte", Head("Content-Length: 2\r\n\r\n{}").InPieces(1), "{}", true},
      {"connection: close", Head("Connection: close\r\nContent-Length: 2\r\n\r\n{}"), "{}"},
      {"http/1.0",
       Reply::Raw("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", CloseMode::kKeepAlive), "{}"},
      {"no content", Reply::Raw("HTTP/1.1 204 No Content\r\n\r\n", CloseMode::kKeepAlive), "", true,
       204},
      {"chunked", Head("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), "{}",
       true},
      {"chunked with extensions and trailers",
       Head("Transfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n"), "{}",
       true},
      {"chunked byte by byte",
       Head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n").InPieces(1), "{}",
       true},
      {"empty", Reply::Json(200, ""), "", true},
      {"many chunks", Reply::Json(200, kMany).Chunked(), kMany, true},
      {"larger than a read", Reply::Json(200, kMany), kMany, true},
      {"interim answers",
       Reply::Raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                  CloseMode::kKeepAlive),
       "{}", true},
      {"gzip", Reply::Json(200, gzip).Header("Content-Encoding", "gzip"), "{}", true},
      {"half a gzip", Reply::Json(200, gzip.substr(0, 12)).Header("Content-Encoding", "gzip")},
      {"bytes behind the answer", Head("Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"), "{}"},
      {"an answer behind the answer",
       Head("Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"), "{}"},
      {"ends with the connection", Head("\r\n{}", CloseMode::kCloseNotify), "{}"},
      {"much that ends with the connection", Head("\r\n" + kMany, CloseMode::kCloseNotify), kMany},
      {"ends with a reset", Head("\r\n{}", CloseMode::kRst)},
      {"less than its length", Head("Content-Length: 3\r\n\r\n{}", CloseMode::kCloseNotify)},
      {"a reset within its length",
       Reply::Json(200, "{}").DeclaredLength(500).Then(CloseMode::kRst)},
      {"two lengths", Head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")},
      {"length and chunks",
       Head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")},
      {"negative length", Head("Content-Length: -2\r\n\r\n{}")},
      {"chunk without a size", Head("Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n")},
      {"chunk longer than it says", Head("Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n")},
      {"chunk size that is no number",
       Head("Transfer-Encoding: chunked\r\n\r\nzz\r\n", CloseMode::kCloseNotify)},
      {"half a chunk", Head("Transfer-Encoding: chunked\r\n\r\n9\r\n{}", CloseMode::kCloseNotify)},
      {"no last chunk",
       Head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", CloseMode::kCloseNotify)},
      {"half a header", Reply::Raw("HTTP/1.1 200 OK\r\nContent-Le", CloseMode::kCloseNotify)},
      {"an interim answer alone",
       Reply::Raw("HTTP/1.1 100 Continue\r\n\r\n", CloseMode::kCloseNotify)},
      {"another protocol",
       Reply::Raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", CloseMode::kKeepAlive)},
      {"http/2", Reply::Raw("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}", CloseMode::kKeepAlive)},
      {"a header without an end", Head(std::string(100'000, 'h') + ": 1\r\n")},
      {"a chunk line without an end",
       Head("Transfer-Encoding: chunked\r\n\r\n2;" + std::string(200'000, 'e'))},
      {"no HTTP", Reply::Raw("\x16\x03\x01 this is not HTTP\r\n\r\n", CloseMode::kFin)},
      {"nothing", Reply::Close(CloseMode::kCloseNotify)},
      {"nothing and no close_notify", Reply::Close(CloseMode::kFin)},
      {"reset", Reply::Close(CloseMode::kRst)},
  };
  auto pool = Pool();
  int indeterminate = 0;
  for (const Case& c : cases) {
    // The tunnel passes a reset on as an orderly end.
    if (through_proxy() && c.name == std::string_view("ends with a reset")) continue;
    upstream_.Script([&c](const RecordedRequest& request) {
      return request.method == "POST" ? c.reply : Reply::Json(200, "{}");
    });
    const int before = upstream_.Count("POST");
    const Response response = RestCall(*pool, Post());
    EXPECT_THAT(response, c.body ? Ended(CallOutcome::kConfirmed, TransferError::kNone)
                                 : Ended(CallOutcome::kUnknown, TransferError::kBroken))
        << c.name;
    EXPECT_EQ(response.body, c.body.value_or("")) << c.name;
    EXPECT_EQ(response.status, c.body ? c.status : 0) << c.name;
    EXPECT_EQ(response.detail.empty(), c.body.has_value()) << c.name;
    if (c.body) {
      EXPECT_GE(response.body.capacity(), response.body.size() + kBodyPadding) << c.name;
    }
    indeterminate += c.body ? 0 : 1;
    EXPECT_EQ(pool->Stats().unknown, indeterminate) << c.name;
    EXPECT_EQ(upstream_.Count("POST") - before, 1) << c.name;
    const Response next = RestCall(*pool, Get());
    EXPECT_EQ(next.timings.reused_connection, c.reusable) << c.name;
    EXPECT_EQ(next.body, "{}") << c.name;
  }
}

TEST_P(AnswersTest, OneThatComesEarlyIsTakenAndTheRequestIsNotSentOnNorTwice) {
  // 417 makes libcurl try once more without `Expect`, if it ever sent one.
  for (const int status : {417, 401, 413}) {
    std::atomic<int> begun{0};
    upstream_.ScriptEarly([status, &begun](const RecordedRequest&) {
      ++begun;
      return Reply::Json(status, "{}");
    });
    auto pool = Pool();
    const Response response = RestCall(*pool, Post(std::string(2'000'000, 'x')));
    EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
    EXPECT_EQ(response.status, status);
    pool->Stop();
    EXPECT_EQ(begun, 1) << status;
  }
}

TEST_P(AnswersTest, OneThatDoesNotComeIsUnknownAtTheDeadline) {
  const auto gate = std::make_shared<Gate>();  // The upstream's thread may outlive this test.
  upstream_.Script([gate](const RecordedRequest&) {
    gate->Wait();
    return Reply::Json(200, "{}");
  });
  auto pool = Pool();
  const Clock::time_point start = Clock::now();
  EXPECT_THAT(RestCall(*pool, Within(std::chrono::milliseconds(200))),
              Ended(CallOutcome::kUnknown, TransferError::kDeadline));
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(200) + std::chrono::seconds(5));
  gate->Open();
  EXPECT_EQ(upstream_.Count("POST"), 1);
}

}  // namespace
}  // namespace msp::http
