// SPDX-License-Identifier: Apache-2.0

// The answers that a server can give, with the outcome of the request and what becomes of the
// connection: over plain and TLS, to an IP and to a resolved name, with a proxy and without.
#include <memory>
#include <string>
#include <vector>

#include "tests/http/pool_test.h"
#include "tests/testing/compressed.h"
#include "tests/testing/connect_proxy.h"

namespace msp::http {
namespace {

struct Route {
  Address address;
  Upstream::Transport transport;
  bool through_proxy;
};

std::vector<Route> AllRoutes() {
  std::vector<Route> routes;
  for (const Address address : {Address::kIp, Address::kName})
    for (const auto transport : {Upstream::Transport::kPlain, Upstream::Transport::kTls})
      for (const bool through_proxy : {false, true})
        routes.push_back({address, transport, through_proxy});
  return routes;
}

std::string RouteName(const ::testing::TestParamInfo<Route>& tested) {
  const Route& route = tested.param;
  return std::string(route.address == Address::kIp ? "ip" : "name") +
         (route.transport == Upstream::Transport::kTls ? "_tls" : "_plain") +
         (route.through_proxy ? "_proxy" : "_direct");
}

class AnswersTest : public ::testing::TestWithParam<Route> {
 protected:
  AnswersTest() : upstream_(GetParam().transport) {}

  std::unique_ptr<CurlPool> Pool() {
    PoolOptions options =
        OptionsFor(GetParam().address == Address::kIp ? upstream_.url() : upstream_.named_url());
    if (is_tls()) options.ca_file = upstream_.ca_file();
    if (GetParam().through_proxy) options.proxy = proxy_.url();
    return *CurlPool::Create(options);
  }
  static bool is_tls() { return GetParam().transport == Upstream::Transport::kTls; }

  testing::ConnectProxy proxy_;
  Upstream upstream_;
};
INSTANTIATE_TEST_SUITE_P(Routes, AnswersTest, ::testing::ValuesIn(AllRoutes()), RouteName);

constexpr char kOk[] = "HTTP/1.1 200 OK\r\n";

Reply Head(const std::string& rest, Ending ending = Ending::kKeepAlive) {
  return Reply::Raw(kOk + rest, ending);
}

TEST_P(AnswersTest, EachHasItsOutcome) {
  struct Case {
    const char* name;
    Reply reply;
    CallOutcome outcome;
    std::string body;
    bool reusable;  // The next request goes out on the same connection.
  };
  const std::string gzip = testing::Compressed("{}", testing::kGzip);
  const std::string kMany(40'000, 'z');
  const Case cases[] = {
      {"length", Head("Content-Length: 2\r\n\r\n{}"), CallOutcome::kSuccess, "{}", true},
      {"same length twice", Head("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
       CallOutcome::kSuccess, "{}", true},
      {"byte by byte", Head("Content-Length: 2\r\n\r\n{}").InPieces(1), CallOutcome::kSuccess, "{}",
       true},
      {"connection: close", Head("Connection: close\r\nContent-Length: 2\r\n\r\n{}"),
       CallOutcome::kSuccess, "{}", false},
      {"http/1.0", Reply::Raw("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", Ending::kKeepAlive),
       CallOutcome::kSuccess, "{}", false},
      {"no content", Reply::Raw("HTTP/1.1 204 No Content\r\n\r\n", Ending::kKeepAlive),
       CallOutcome::kSuccess, "", true},
      {"chunked", Head("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
       CallOutcome::kSuccess, "{}", true},
      {"chunked with extensions and trailers",
       Head("Transfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n"),
       CallOutcome::kSuccess, "{}", true},
      {"chunked byte by byte",
       Head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n").InPieces(1),
       CallOutcome::kSuccess, "{}", true},
      {"larger than a read", Reply::Json(200, kMany), CallOutcome::kSuccess, kMany, true},
      {"interim answers",
       Reply::Raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                  Ending::kKeepAlive),
       CallOutcome::kSuccess, "{}", true},
      {"gzip", Reply::Json(200, gzip).Header("Content-Encoding", "gzip"), CallOutcome::kSuccess,
       "{}", true},
      {"half a gzip", Reply::Json(200, gzip.substr(0, 12)).Header("Content-Encoding", "gzip"),
       CallOutcome::kIndeterminate, "", false},
      {"bytes behind the answer", Head("Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"),
       CallOutcome::kSuccess, "{}", false},
      {"ends with the connection", Head("\r\n{}", Ending::kCloseNotify), CallOutcome::kSuccess,
       "{}", false},
      {"ends with a reset", Head("\r\n{}", Ending::kRst), CallOutcome::kIndeterminate, "", false},
      {"less than its length", Head("Content-Length: 3\r\n\r\n{}", Ending::kCloseNotify),
       CallOutcome::kIndeterminate, "", false},
      {"two lengths", Head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
       CallOutcome::kIndeterminate, "", false},
      {"length and chunks",
       Head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
       CallOutcome::kIndeterminate, "", false},
      {"negative length", Head("Content-Length: -2\r\n\r\n{}"), CallOutcome::kIndeterminate, "",
       false},
      {"chunk without a size", Head("Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n"),
       CallOutcome::kIndeterminate, "", false},
      {"chunk longer than it says", Head("Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"),
       CallOutcome::kIndeterminate, "", false},
      {"half a chunk", Head("Transfer-Encoding: chunked\r\n\r\n9\r\n{}", Ending::kCloseNotify),
       CallOutcome::kIndeterminate, "", false},
      {"no last chunk", Head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Ending::kCloseNotify),
       CallOutcome::kIndeterminate, "", false},
      {"half a header", Reply::Raw("HTTP/1.1 200 OK\r\nContent-Le", Ending::kCloseNotify),
       CallOutcome::kIndeterminate, "", false},
      {"an interim answer alone", Reply::Raw("HTTP/1.1 100 Continue\r\n\r\n", Ending::kCloseNotify),
       CallOutcome::kIndeterminate, "", false},
      {"another protocol",
       Reply::Raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Ending::kKeepAlive),
       CallOutcome::kIndeterminate, "", false},
      {"http/2", Reply::Raw("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}", Ending::kKeepAlive),
       CallOutcome::kIndeterminate, "", false},
      {"a header without an end", Head(std::string(100'000, 'h') + ": 1\r\n"),
       CallOutcome::kIndeterminate, "", false},
      {"a chunk line without an end",
       Head("Transfer-Encoding: chunked\r\n\r\n2;" + std::string(200'000, 'e')),
       CallOutcome::kIndeterminate, "", false},
      {"nothing", Reply::Close(Ending::kCloseNotify), CallOutcome::kIndeterminate, "", false},
      {"reset", Reply::Close(Ending::kRst), CallOutcome::kIndeterminate, "", false},
  };
  auto pool = Pool();
  for (const Case& c : cases) {
    // The tunnel passes a reset on as an orderly end.
    if (GetParam().through_proxy && c.name == std::string_view("ends with a reset")) continue;
    upstream_.Script([&c](const RecordedRequest& request) {
      return request.method == "POST" ? c.reply : Reply::Json(200, "{}");
    });
    const int before = upstream_.Count("POST");
    const Response response = RestCall(*pool, Post());
    EXPECT_EQ(response.outcome, c.outcome) << c.name << ": " << response.detail;
    EXPECT_EQ(response.failure,
              c.outcome == CallOutcome::kSuccess ? TransferError::kNone : TransferError::kBroken)
        << c.name;
    EXPECT_EQ(response.body, c.body) << c.name;
    EXPECT_EQ(upstream_.Count("POST") - before, 1) << c.name;
    EXPECT_EQ(RestCall(*pool, Get()).timings.reused_connection, c.reusable) << c.name;
  }
}

TEST_P(AnswersTest, OneThatComesEarlyIsTakenAndTheRequestIsNotSentOn) {
  upstream_.ScriptEarly([](const RecordedRequest&) { return Reply::Json(413, "{}"); });
  auto pool = Pool();
  const Response response = RestCall(*pool, Post(std::string(2'000'000, 'x')));
  EXPECT_EQ(response.outcome, CallOutcome::kSuccess) << response.detail;
  EXPECT_EQ(response.status, 413);
}

TEST_P(AnswersTest, SlowBytesEndAtTheDeadline) {
  const auto gate = std::make_shared<Gate>();  // The upstream's thread may outlive this test.
  upstream_.Script([gate](const RecordedRequest&) {
    gate->Wait();
    return Head("Content-Length: 2\r\n\r\n{}").InPieces(1);
  });
  auto pool = Pool();
  Request request = Post();
  request.deadline = Clock::now() + std::chrono::milliseconds(200);
  const Response response = RestCall(*pool, std::move(request));
  EXPECT_EQ(response.outcome, CallOutcome::kIndeterminate);
  EXPECT_EQ(response.failure, TransferError::kDeadline);
  gate->Open();
  EXPECT_EQ(upstream_.Count("POST"), 1);
}

}  // namespace
}  // namespace msp::http
