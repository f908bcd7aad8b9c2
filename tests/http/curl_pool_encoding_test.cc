// Answers that come encoded although none was asked for, and how large a body may be.
#include <zlib.h>

#include <string>
#include <vector>

#include "tests/http/pool_test.h"

namespace msp::http {
namespace {

using CurlPoolEncodingTest = PoolTest;
INSTANTIATE_TEST_SUITE_P(Ip, CurlPoolEncodingTest, ::testing::Values(Address::kIp), AddressName);

// zlib's numbers for what it writes around the compressed bytes.
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;

std::string Compressed(const std::string& text, int window_bits) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    std::abort();
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

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
    const Response response = Exchange(*pool, Post());
    EXPECT_EQ(asked, "identity");
    EXPECT_EQ(response.fate, Fate::kAnswered) << response.detail;
    EXPECT_EQ(response.body, json);
    EXPECT_GE(response.body.capacity() - response.body.size(), kBodyPadding);
  }
}

TEST_P(CurlPoolEncodingTest, AnEncodedAnswerThatCannotBeDecodedIsUnknown) {
  const std::string json = R"({"success":true})";
  const std::string gzip = Compressed(json, kGzip);
  const Reply cases[] = {
      Encoded(json, "gzip"),
      Encoded(gzip.substr(0, gzip.size() / 2), "gzip"),
      Encoded(gzip, "deflate"),
      Encoded(gzip, "no-such-encoding"),
  };
  for (const Reply& reply : cases) {
    upstream_.Script([&](const RecordedRequest&) { return reply; });
    auto pool = Pool();
    const Response response = Exchange(*pool, Post());
    EXPECT_EQ(response.fate, Fate::kUnknown);
    EXPECT_EQ(response.failure, Failure::kBroken);
    EXPECT_EQ(response.body, "");
  }
}

TEST_P(CurlPoolEncodingTest, TheBoundHoldsForTheDecodedBody) {
  PoolOptions options = Options();
  options.body_max_bytes = 1'000'000;
  auto pool = Pool(options);
  for (const std::size_t size : {1'000'000UL, 1'000'001UL, 50'000'000UL}) {
    const std::string bomb = Compressed(std::string(size, ' '), kGzip);
    ASSERT_LT(bomb.size(), 60'000U);
    upstream_.Script([&](const RecordedRequest&) { return Encoded(bomb, "gzip"); });
    const Response response = Exchange(*pool, Post());
    const bool fits = size == 1'000'000UL;
    EXPECT_EQ(response.fate, fits ? Fate::kAnswered : Fate::kUnknown) << size;
    EXPECT_EQ(response.failure, fits ? Failure::kNone : Failure::kTooLarge) << size;
    EXPECT_EQ(response.body.size(), fits ? size : 0) << size;
  }
}

TEST_P(CurlPoolEncodingTest, ARequestMayAskForLessThanThePoolTakes) {
  auto pool = Pool();
  upstream_.Script([](const RecordedRequest&) { return Reply::Json(200, std::string(5'000, ' ')); });
  for (const std::size_t bound : {0UL, 5'000UL, 4'999UL}) {
    Request request = Get();
    request.answer_max_bytes = bound;
    EXPECT_EQ(Exchange(*pool, std::move(request)).failure,
              bound == 4'999 ? Failure::kTooLarge : Failure::kNone);
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
    return Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + most, Ending::kFin);
  });
  for (int round = 0; round < 5; ++round) {
    // Each broke off with its part of the room in use.
    EXPECT_EQ(Exchange(*pool, Get()).failure, Failure::kBroken) << round;
  }
  upstream_.Script([](const RecordedRequest&) {
    return Reply::Json(200, std::string(100'000, ' '));
  });
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(Exchange(*pool, Get()).failure, Failure::kNone) << round;
  }
}

}  // namespace
}  // namespace msp::http
