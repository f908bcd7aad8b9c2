// SPDX-License-Identifier: Apache-2.0

// The attack table of the webhook port: everything that is not a genuine notification is refused
// and counted, and calls by gRPC go on meanwhile.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/end_to_end.h"
#include "tests/testing/wait.h"
#include "tests/webhooks/environment.h"
#include "tests/webhooks/notes.h"
#include "tests/webhooks/watching.h"

namespace msp::webhooks {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string PaidBody(const std::string& order_id = "a-1") {
  return R"({"order_id":")" + order_id +
         R"(","status":"completed","financial_status":"completed","amount":1000,"currency":"EUR",)"
         R"("modified":"2026-06-15T12:00:00"})";
}

class Attack : public ::testing::Test {
 protected:
  double Counted(const std::string& result) const {
    return environment_.Metric("msp_notifications_total{result=\"" + result + "\"}");
  }
  // How long a call by gRPC takes while whatever goes on goes on.
  double CallSeconds() const {
    const auto start = steady_clock::now();
    EXPECT_EQ(e2e::GetOrder(environment_.channel(), "no-such-order").code(), "NOT_FOUND");
    return std::chrono::duration<double>(steady_clock::now() - start).count();
  }
  static std::string Head(const std::string& lines) {
    return "POST /webhook HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n";
  }

  Environment environment_;
};

TEST_F(Attack, AGenuineOneIsTakenAndItsReplayHasNoEffect) {
  const std::string body = PaidBody();
  const std::string auth = GenuineAuth(body);
  const std::string answer = environment_.Raw(
      Head("Auth: " + auth + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") + body);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("text/plain"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\nOK"));
  EXPECT_EQ(environment_.Post("/webhook?transactionid=a-1&timestamp=1", body, auth), 200);
  EXPECT_EQ(environment_.Post("/webhook/default", body, auth), 200);
  EXPECT_EQ(Counted("accepted"), 1);
  EXPECT_EQ(Counted("duplicate"), 2);
}

TEST_F(Attack, EveryForgeryIsRefusedAndCounted) {
  struct Row {
    const char* result;
    int status;
    std::string path;
    std::string body;
    std::string auth;
  };
  const std::string body = PaidBody();
  const std::string unreadable = "{\"order_id\":\"a-\xFC\",\"description\":\"x\"}";
  const std::vector<Row> rows{
      {"bad_auth_header", 401, "/webhook", body, ""},
      {"bad_auth_header", 401, "/webhook", body, "Basic abc"},
      {"bad_signature", 401, "/webhook", body, SignedAuth("another-key", UnixNow(), body)},
      {"bad_signature", 401, "/webhook", body + " ", GenuineAuth(body)},
      {"bad_signature", 401, "/webhook", "{ malformed", GenuineAuth("{ other")},
      {"stale", 401, "/webhook", body, SignedAuth(testing::kServerKey, UnixNow() - 3'600, body)},
      {"future", 401, "/webhook", body, SignedAuth(testing::kServerKey, UnixNow() + 3'600, body)},
      {"unknown_site", 404, "/webhook/nobody", body, GenuineAuth(body)},
      {"wrong_order", 400, "/webhook?transactionid=b-2&timestamp=1", body, GenuineAuth(body)},
      {"malformed", 400, "/webhook", "{ malformed", GenuineAuth("{ malformed")},
      {"malformed", 400, "/webhook", unreadable, GenuineAuth(unreadable)},
      {"malformed", 400, "/webhook", "{}", GenuineAuth("{}")},
      {"not_found", 404, "/admin", body, GenuineAuth(body)},
  };
  for (const Row& row : rows) {
    const double before = Counted(row.result);
    EXPECT_EQ(environment_.Post(row.path, row.body, row.auth), row.status)
        << row.result << row.path;
    EXPECT_EQ(Counted(row.result), before + 1) << row.result << row.path;
  }
  EXPECT_EQ(Counted("accepted"), 0);
  EXPECT_LT(CallSeconds(), 5);
}

TEST_F(Attack, WhatTwoParsersReadInTwoWaysIsRefused) {
  const std::string body = PaidBody();
  const std::string auth = "Auth: " + GenuineAuth(body) + "\r\n";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const std::string smuggled = "GET /webhook?timestamp=1&transactionid=a-1 HTTP/1.1\r\n\r\n";
  for (const std::string& lines :
       {auth + length + "Transfer-Encoding: chunked\r\n", auth + length + "Content-Length: 5\r\n",
        auth + length + length, auth + "Transfer-Encoding: chunked\r\n",
        auth + "Transfer-Encoding: gzip, chunked\r\n", auth + "Transfer-Encoding: identity\r\n",
        auth + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        auth + "Content-Length: +5\r\n", auth + "Content-Length: 0x10\r\n",
        auth + "Content-Length: 5, 5\r\n", auth}) {
    const std::string answer = environment_.Raw(Head(lines) + body + smuggled);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << lines;
    // One request a connection: what follows is never a request.
    EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << lines;
  }
  EXPECT_EQ(Counted("accepted"), 0);
  EXPECT_EQ(Counted("hint"), 0);
}

// `body` in chunks of `size`, with the end of chunks.
std::string Chunked(const std::string& body, std::size_t size) {
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::string data = body.substr(at, size);
    std::array<char, 20> length{};
    std::snprintf(length.data(), length.size(), "%zx\r\n", data.size());
    chunks += length.data() + data + "\r\n";
  }
  return chunks + "0\r\n\r\n";
}

constexpr char kChunks[] = "Transfer-Encoding: chunked\r\n";

TEST_F(Attack, AGenuineOneIsTakenInChunks) {
  const std::string body = PaidBody();
  const std::string auth = "Auth: " + GenuineAuth(body) + "\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, body.size()}) {
    EXPECT_THAT(environment_.Raw(Head(auth + kChunks) + Chunked(body, size)),
                StartsWith("HTTP/1.1 200"))
        << size;
  }
  EXPECT_THAT(environment_.Raw(Head(auth + "transfer-encoding: Chunked\r\n") + Chunked(body, 100)),
              StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(Counted("accepted"), 1);
  EXPECT_EQ(Counted("duplicate"), 3);
}

TEST_F(Attack, ChunksAreBoundedAndSignedLikeEverythingElse) {
  struct Row {
    const char* name;
    std::string sent;
    const char* status;
    const char* counted;
  };
  const std::string body = PaidBody();
  const std::string auth = "Auth: " + GenuineAuth(body) + "\r\n";
  const std::string huge((1 << 20) + 1, 'x');
  const std::vector<Row> rows{
      {"forged", Head(auth + kChunks) + Chunked(body + " ", 50), "HTTP/1.1 401", "bad_signature"},
      {"too large", Head(auth + kChunks) + Chunked(huge, 1 << 16), "HTTP/1.1 413", "too_large"},
      {"one huge chunk", Head(auth + kChunks) + Chunked(huge, huge.size()), "HTTP/1.1 413",
       "too_large"},
      {"no size", Head(auth + kChunks) + "x\r\n" + body, "HTTP/1.1 400", "bad_request"},
      // httplib takes it for the end of the body; what came is not what was signed.
      {"size that does not fit", Head(auth + kChunks) + "5\r\n" + body + "\r\n0\r\n\r\n",
       "HTTP/1.1 401", "bad_signature"},
      {"no Auth", Head(kChunks) + Chunked(body, 50), "HTTP/1.1 401", "bad_auth_header"},
  };
  for (const Row& row : rows) {
    const double before = Counted(row.counted);
    EXPECT_THAT(environment_.Raw(row.sent), StartsWith(row.status)) << row.name;
    EXPECT_EQ(Counted(row.counted), before + 1) << row.name;
  }
  EXPECT_EQ(Counted("accepted"), 0);
}

TEST_F(Attack, AFinalSlashOfThePathIsTaken) {
  const std::string body = PaidBody();
  const std::string auth = GenuineAuth(body);
  for (const char* path : {"/webhook/", "/webhook/default/", "/webhook/?transactionid=a-1"})
    EXPECT_EQ(environment_.Post(path, body, auth), 200) << path;
  for (const char* path : {"/webhook//", "/webhook/default//", "//webhook"})
    EXPECT_EQ(environment_.Post(path, body, auth), 404) << path;
}

TEST_F(Attack, AContentEncodingIsNoNotification) {
  const std::string body = PaidBody();
  for (const char* encoding : {"gzip", "identity", "br", "deflate, gzip", "x"}) {
    const std::string answer =
        environment_.Raw(Head("Auth: " + GenuineAuth(body) + "\r\nContent-Encoding: " + encoding +
                              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") +
                         body);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 415")) << encoding;
  }
  EXPECT_EQ(Counted("bad_request"), 5);
  EXPECT_EQ(Counted("accepted"), 0);
}

// httplib would take it apart; the signature is over the bytes.
TEST_F(Attack, AFormIsNoNotification) {
  const std::string body = PaidBody();
  const std::string answer = environment_.Raw(
      Head("Auth: " + GenuineAuth(body) + "\r\nContent-Type: multipart/form-data; boundary=x" +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") +
      body);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 415"));
  EXPECT_EQ(Counted("bad_request"), 1);
}

TEST_F(Attack, AHugeBodyIsRefusedUnread) {
  const std::string huge(20 << 20, 'x');
  const auto start = steady_clock::now();
  const int fd = environment_.Connect(
      Head("Auth: eA==\r\nContent-Length: " + std::to_string(huge.size()) + "\r\n") + huge);
  close(fd);
  EXPECT_LT(steady_clock::now() - start, seconds(15));
  EXPECT_EQ(Counted("too_large"), 1);
  EXPECT_LT(CallSeconds(), 5);
}

TEST_F(Attack, ABodyOrAChunkThatStopsComingIsTooSlow) {
  const std::pair<std::string, std::string> rows[] = {{"Content-Length: 100000\r\n", "xxxxxxxxxx"},
                                                      {kChunks, "ff\r\nslow"}};
  for (const auto& [lines, begun] : rows) {
    const double before = Counted("too_slow");
    const auto start = steady_clock::now();
    environment_.Raw(Head("Auth: eA==\r\n" + lines) + begun);
    EXPECT_LT(steady_clock::now() - start, seconds(15)) << lines;
    EXPECT_EQ(Counted("too_slow"), before + 1) << lines;
  }
}

// One byte after the other: never silent for long.
TEST_F(Attack, ABodyThatComesInDropsIsTooSlow) {
  const int fd =
      environment_.Connect(Head(std::string("Auth: eA==\r\nContent-Length: 100000\r\n")));
  const auto start = steady_clock::now();
  testing::WaitUntil(
      [&] { return send(fd, "x", 1, MSG_NOSIGNAL) != 1 || Counted("too_slow") == 1; });
  EXPECT_LT(steady_clock::now() - start, seconds(25));
  EXPECT_EQ(Counted("too_slow"), 1);
  close(fd);
}

// Slow clients are a proxy's to keep away; payments do not wait for them.
TEST_F(Attack, SilentConnectionsDoNotDisturbCalls) {
  std::vector<int> fds;
  for (int i = 0; i < 80; ++i) fds.push_back(environment_.Connect());
  for (int i = 0; i < 20; ++i) fds.push_back(environment_.Connect("POST /webhook HTTP/1.1\r\nHo"));
  EXPECT_LT(CallSeconds(), 5);
  for (const int fd : fds) close(fd);
}

TEST_F(Attack, NotificationsByGetAreOnlyAReasonToReadTheOrder) {
  environment_.Create("g-1", "");
  Watching watch(environment_.channel(), Ask("g-1"), "PENDING/SNAPSHOT");
  environment_.Finish3ds("g-1");
  EXPECT_THAT(
      environment_.Raw("GET /webhook?transactionid=g-1&timestamp=1 HTTP/1.1\r\nHost: x\r\n\r\n"),
      ::testing::EndsWith("\r\n\r\nOK"));
  EXPECT_EQ(watch.Next(), "PAID/LOOKUP");
  EXPECT_EQ(Counted("hint"), 1);
  environment_.Raw("GET /webhook HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(Counted("ignored"), 1);
}

}  // namespace
}  // namespace msp::webhooks
