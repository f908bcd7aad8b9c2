// SPDX-License-Identifier: Apache-2.0

// The schemas are shared by all threads, everything else belongs to one call: what ThreadSanitizer
// is asked about.
#include <atomic>
#include <thread>

#include "service/codec/check.h"
#include "service/codec/encode.h"
#include "service/codec/redact.h"
#include "tests/codec/documents.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using testing::Everything;

TEST(Threads, ShareThePlans) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  const SchemaSet schemas({Everything::descriptor()});
  const MessageSchema& schema = schemas.Of(Everything::descriptor());
  const std::string_view document = kEverything[0];

  const auto once = [&] {
    std::string copy(document);
    Everything message;
    if (!Decode(schema, copy, message).ok) return std::string("malformed");
    std::string text;
    EncodeBody(schema, message, text);
    text += Redacted(schema, message);
    text += std::to_string(Check(schema, message).size());
    Zeroize(schema, message);
    EncodeAll(schema, message, text);
    // A document that does not fit a thread's index, so that it grows and shrinks meanwhile.
    std::string large = R"({"text":")" + std::string(300'000, 'x') + R"("})";
    return Decode(schema, large, message).ok ? text : "malformed";
  };
  const std::string wanted = once();
  ASSERT_NE(wanted, "malformed");

  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) different += once() != wanted;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace msp::codec
