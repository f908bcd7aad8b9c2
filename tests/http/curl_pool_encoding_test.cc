// SPDX-License-Identifier: Apache-2.0

// Answers that come encoded although none was asked for, and how large a body may be.
#include <string>

#include "tests/http/pool_test.h"
#include "tests/testing/compressed.h"

namespace msp::http {
namespace {

using testing::Compressed;
using testing::kBare;
using testing::kGzip;
using testing::kZlib;

using CurlPoolEncodingTest = PoolTest;
INSTANTIATE_TEST_SUITE_P(Ip, CurlPoolEncodingTest, ::testing::Values(Address::kIp), AddressName);

Reply Encoded(const std::string& bytes, const std::string& name) {
  return Reply::Json(200, bytes).Header("Content-Encoding", name);
}

TEST_P(CurlPoolEncodingTest, IdentityIsAskedForAndEncodedAnswersAreDecoded) {
  const std::string json = R"({"success":true,"data":{"order_id":"order-1"}})";
  const Reply cases[] = {
      Reply::Json(200, json),
      Encoded(json, "identity"),
      Encoded(Compressed(json, kGzip), "gzip"),
      Encoded(Compressed(json, kGzip), "x-gzip"),
      Encoded(Compressed(json, kGzip), "GZIP"),
      Encoded(Compressed(json, kZlib), "deflate"),
      Encoded(Compressed(json, kBare), "deflate"),
      Encoded(Compressed(json, kGzip), "gzip").Chunked(),
      Encoded(Compressed(Compressed(json, kGzip), kGzip), "gzip, gzip"),
  };
  auto pool = Pool();
  for (const Reply& reply : cases) {
    std::string asked;
    upstream_.Script([&](const RecordedRequest& request) {
      asked = request.Header("Accept-Encoding");
      return reply;
    });
    const Response response = RestCall(*pool, Post());
    EXPECT_EQ(asked, "identity");
    EXPECT_EQ(response.outcome, CallOutcome::kConfirmed) << response.detail;
    EXPECT_EQ(response.body, json);
    EXPECT_GE(response.body.capacity() - response.body.size(), kBodyPadding);
  }
}

TEST_P(CurlPoolEncodingTest, AnEncodedAnswerThatCannotBeDecodedIsUnknown) {
  const std::string json = R"({"success":true})";
  const std::string gzip = Compressed(json, kGzip);
  const Reply cases[] = {
      Encoded(json, "gzip"),
      Encoded(gzip, "deflate"),
      Encoded(gzip, "no-such-encoding"),
  };
  for (const Reply& reply : cases) {
    upstream_.Script([&](const RecordedRequest&) { return reply; });
    auto pool = Pool();
    const Response response = RestCall(*pool, Post());
    EXPECT_THAT(response, Ended(CallOutcome::kUnknown, TransferError::kBroken));
    EXPECT_EQ(response.body, "");
  }
}

TEST_P(CurlPoolEncodingTest, HalfAnEncodedAnswerIsHalfADocument) {
  const std::string json = R"({"success":true,"data":{"order_id":"order-1"}})";
  const std::string gzip = Compressed(json, kGzip);
  for (const std::size_t size : {gzip.size() / 2, gzip.size() * 3 / 4}) {
    upstream_.Script([&](const RecordedRequest&) { return Encoded(gzip.substr(0, size), "gzip"); });
    auto pool = Pool();
    // libcurl does not check that an encoded body ends; the reader finds that it is half.
    EXPECT_LT(RestCall(*pool, Post()).body.size(), json.size());
  }
}

TEST_P(CurlPoolEncodingTest, TheBoundHoldsForTheDecodedBody) {
  auto pool = Pool([&](PoolOptions& options) { options.body_max_bytes = 1'000'000; });
  for (const std::size_t size : {1'000'000UL, 1'000'001UL, 50'000'000UL}) {
    const std::string bomb = Compressed(std::string(size, ' '), kGzip);
    ASSERT_LT(bomb.size(), 60'000U);
    upstream_.Script([&](const RecordedRequest&) { return Encoded(bomb, "gzip"); });
    const Response response = RestCall(*pool, Post());
    const bool fits = size == 1'000'000UL;
    EXPECT_EQ(response.outcome, fits ? CallOutcome::kConfirmed : CallOutcome::kUnknown) << size;
    EXPECT_EQ(response.failure, fits ? TransferError::kNone : TransferError::kTooLarge) << size;
    EXPECT_EQ(response.body.size(), fits ? size : 0) << size;
  }
}

TEST_P(CurlPoolEncodingTest, ARequestMayAskForLessThanThePoolTakes) {
  auto pool = Pool();
  upstream_.Script(
      [](const RecordedRequest&) { return Reply::Json(200, std::string(5'000, ' ')); });
  for (const std::size_t bound : {0UL, 5'000UL, 4'999UL}) {
    Request request = Get();
    request.response_max_bytes = bound;
    EXPECT_EQ(RestCall(*pool, std::move(request)).failure,
              bound == 4'999 ? TransferError::kTooLarge : TransferError::kNone);
  }
}

TEST_P(CurlPoolEncodingTest, AnswersOnTheirWayShareABoundAndGiveTheirPartBack) {
  PoolOptions options = Options();
  options.body_max_bytes = 100'000;
  options.bodies_max_bytes = 0;  // Two of the longest, then.
  auto pool = Pool(options);
  // Nine tenths of each body come, the rest waits for the gate.
  const std::string most(90'000, ' ');
  upstream_.Script([&](const RecordedRequest&) {
    return Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + most, CloseMode::kFin);
  });
  for (int round = 0; round < 5; ++round) {
    // Each broke off with its part of the room in use.
    EXPECT_EQ(RestCall(*pool, Get()).failure, TransferError::kBroken) << round;
  }
  upstream_.Script(
      [](const RecordedRequest&) { return Reply::Json(200, std::string(100'000, ' ')); });
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(RestCall(*pool, Get()).failure, TransferError::kNone) << round;
  }
}

}  // namespace
}  // namespace msp::http
