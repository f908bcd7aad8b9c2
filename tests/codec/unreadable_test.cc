// SPDX-License-Identifier: Apache-2.0

// Texts that are not readable in whole: the document around them is read all the same.
#include <string>
#include <vector>

#include "service/codec/decode.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// U+FFFD as text format writes it.
#define FFFD "\\357\\277\\275"

void Expect(const std::vector<DecodeRow>& rows) {
  for (const bool everything : {false, true}) ExpectRead(rows, everything);
}

TEST(Unreadable, HalfASurrogatePairIsReplaced) {
  Expect({
      {R"({"text":"Gift \ud83d","large":7})", "text: 'Gift " FFFD "' large: 7", {"T:text"}},
      {R"({"text":"\ude00"})", "text: '" FFFD "'", {"T:text"}},
      {R"({"text":"\ud800\u0041\ude00b"})", "text: '" FFFD "A" FFFD "b'", {"T:text"}},
      {R"({"text":"\ud83d\ude00"})", R"(text: '\360\237\230\200')", {}},
  });
}

TEST(Unreadable, BytesThatAreNoUtf8AreReplacedByTheLongestStartOfASequence) {
  Expect({
      {"{\"text\":\"Caf\xE9\",\"large\":7}", "text: 'Caf" FFFD "' large: 7", {"T:text"}},
      {"{\"text\":\"Caf\xC3\"}", "text: 'Caf" FFFD "'", {"T:text"}},
      {"{\"text\":\"\xE2\x82\"}", "text: '" FFFD "'", {"T:text"}},
      {"{\"text\":\"\xF0\x9F\x98 x\"}", "text: '" FFFD " x'", {"T:text"}},
      {"{\"text\":\"\xF0\x9F\x98\x80\xFF\"}", "text: '\\360\\237\\230\\200" FFFD "'", {"T:text"}},
      {"{\"text\":\"\xC0\x80\"}", "text: '" FFFD FFFD "'", {"T:text"}},
      {"{\"text\":\"\xED\xA0\xBD\"}", "text: '" FFFD FFFD FFFD "'", {"T:text"}},
      {"{\"text\":\"\xF4\x90\x80\x80\"}", "text: '" FFFD FFFD FFFD FFFD "'", {"T:text"}},
      {"{\"text\":\"\x80\xBF\"}", "text: '" FFFD FFFD "'", {"T:text"}},
      {"\xEF\xBB\xBF{\"text\":\"a\xFF\"}", "text: 'a" FFFD "'", {"T:text"}},
  });
}

TEST(Unreadable, ControlCharactersThatNobodyEscapedStay) {
  Expect({
      {"{\"text\":\"a\tb\"}", "text: 'a\\tb'", {"T:text"}},
      {"{\"text\":\"a\r\nb\"}", "text: 'a\\r\\nb'", {"T:text"}},
      {"{\"text\":\"\x01\x1f\"}", "text: '\\001\\037'", {"T:text"}},
      {std::string("{\"text\":\"a") + '\0' + "b\"}", "text: 'a\\000b'", {"T:text"}},
      {"{\n\t\"text\":\t\"a\"\n}", "text: 'a'", {}},
      {"{\"text\":\"a\x7f\"}", "text: 'a\\177'", {}},
  });
}

TEST(Unreadable, EscapesThatJsonDoesNotKnowStayAsWritten) {
  Expect({
      {R"({"text":"C:\Users\x41","large":7})", R"(text: 'C:\\Users\\x41' large: 7)", {"T:text"}},
      {R"({"text":"it\'s"})", R"(text: 'it\\\'s')", {"T:text"}},
      {R"({"text":"\u12"})", R"(text: '\\u12')", {"T:text"}},
      {R"({"text":"\u12g4\n"})", R"(text: '\\u12g4\n')", {"T:text"}},
      // With bytes behind the backslash that are replaced themselves.
      {"{\"text\":\"\\\xFF\"}", "text: '\\\\" FFFD "'", {"T:text"}},
      {"{\"text\":\"\\\t\"}", "text: '\\\\\\t'", {"T:text"}},
      {"{\"text\":\"\\\xC3\xA9\"}", "text: '\\\\\\303\\251'", {"T:text"}},
      {"{\"text\":\"\\\xC3\xA9\xFF\"}", "text: '\\\\\\303\\251" FFFD "'", {"T:text"}},
      {"{\"text\":\"\\u00\xFF\"}", "text: '\\\\u00" FFFD "'", {"T:text"}},
      {"{\"text\":\"\\ud83d\xFF\"}", "text: '" FFFD FFFD "'", {"T:text"}},
  });
}

TEST(Unreadable, OnlyTheTextThatWasHitIsNamed) {
  Expect({
      {"{\"text\":\"\\\"a\\\"\",\"words\":[\"x\\n\",\"y\xFF\"],\"item\":{\"name\":\"\\u0041\"}}",
       "text: '\"a\"' words: 'x\\n' words: 'y" FFFD "' item { name: 'A' }",
       {"T:words"}},
      {"{\"items\":[{\"name\":\"a\xFF\"},{\"name\":\"b\tc\"}],\"text\":\"\\ud800\"}",
       "items { name: 'a" FFFD "' } items { name: 'b\\tc' } text: '" FFFD "'",
       {"T:items.name", "T:text"}},
      {"{\"settings\":{\"k\xFF\":\"v\xFF\"}}",
       "settings { fields { key: 'k" FFFD "' value { string_value: 'v" FFFD "' } } }",
       {"T:settings"}},
      {"{\"text\":\"a\xFF\",\"text\":\"b\"}", "text: 'b'", {"T:text", "D:text"}},
      {R"({"large":"1\ud800","flag":true})", "flag: true", {"T:large", "V:large"}},
  });
}

TEST(Unreadable, MemberWithAnUnreadableNameIsAnUnknownOne) {
  Expect({
      {"{\"te\xFFxt\":\"a\",\"large\":7}", "large: 7", {"U:te___xt"}},
      {"{\"text\t\":\"a\",\"large\":7}", "large: 7", {"U:text_"}},
      {R"({"te\xt":"a","large":7})", "large: 7", {"U:te_xt"}},
      {R"({"\ud800":"a","large":7})", "large: 7", {"U:___"}},
      {"{\"new\":\"\xFF\",\"large\":7}", "large: 7", {"U:new"}},
      {"{\"new\":{\"\xFF\":[\"\\ud800\"]},\"large\":7}", "large: 7", {"U:new"}},
  });
}

TEST(Unreadable, WholeTextIsReadableWhicheverByteIsHit) {
  const std::string good = R"({"text":"Caf\u00e9 \"x\" \ud83d\ude00 ok","large":7})";
  const std::size_t begin = good.find(':') + 2;
  const std::size_t end = good.find("\",\"large");
  for (std::size_t at = begin; at < end; ++at) {
    for (const char byte : {'\xFF', '\xC3', '\xE9', '\t', '\x01'}) {
      std::string json = good;
      // A quote or the backslash before one would end the text elsewhere.
      if (json[at] == '"' || (json[at] == '\\' && json[at + 1] == '"')) continue;
      json[at] = byte;
      const DecodedMessage read(json);
      ASSERT_TRUE(read.ok) << at << read.error;
      EXPECT_EQ(read.message.large(), 7) << at;
      EXPECT_EQ(Names(read.drift), std::vector<std::string>{"T:text"}) << at;
    }
  }
}

TEST(Unreadable, GrowthIsBounded) {
  const std::size_t most = kRepairedBytesMore / 5;  // Each byte becomes six.
  const DecodedMessage read("{\"text\":\"" + std::string(most, '\xFF') + "\"}");
  EXPECT_TRUE(read.ok);
  EXPECT_THAT(read.message.text(), SizeIs(3 * most));
  const DecodedMessage more("{\"text\":\"" + std::string(most + 1, '\xFF') + "\"}");
  EXPECT_FALSE(more.ok);
  EXPECT_THAT(more.error, ::testing::Not(IsEmpty()));
}

TEST(Unreadable, DroppedReportsAreFlagged) {
  const auto nested = [](std::size_t levels) {
    std::string json = R"({"item":{)";
    for (std::size_t i = 0; i < levels; ++i) {
      json += R"("quantity":"x","weight":"x","parts":{)";
    }
    return json + std::string(levels + 2, '}');
  };
  for (const bool more : {false, true}) {
    const DecodedMessage read(nested(kDriftMax / 2 + (more ? 1 : 0)));
    ASSERT_TRUE(read.ok) << read.error;
    EXPECT_THAT(read.drift, SizeIs(kDriftMax));
    EXPECT_EQ(read.drift_cut, more);
  }
}

}  // namespace
}  // namespace msp::codec
