// SPDX-License-Identifier: Apache-2.0

#include "service/base/text.h"

#include <array>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace msp {
namespace {

using std::string_literals::operator""s;

TEST(PercentEncoded, LeavesOnlyUnreservedCharacters) {
  struct Case {
    std::string plain, encoded;
  };
  const Case cases[] = {
      {"", ""},
      {"AZaz09-._~", "AZaz09-._~"},
      {"a b/c?d#e&f=g+h%", "a%20b%2Fc%3Fd%23e%26f%3Dg%2Bh%25"},
      {"../x", "..%2Fx"},
      {"\xE2\x82\xAC", "%E2%82%AC"},
      {"\0\x7F\xFF"s, "%00%7F%FF"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(PercentEncoded(c.plain), c.encoded);
    EXPECT_EQ(PercentDecoded(c.encoded), c.plain);
  }
}

TEST(PercentDecoded, KeepsMalformedEscapesAndDecodesOnce) {
  EXPECT_EQ(PercentDecoded("%"), "%");
  EXPECT_EQ(PercentDecoded("%4"), "%4");
  EXPECT_EQ(PercentDecoded("%zz%4g"), "%zz%4g");
  EXPECT_EQ(PercentDecoded("%2541"), "%41");
  EXPECT_EQ(PercentDecoded("%e2%82%aC"), "\xE2\x82\xAC");
  EXPECT_EQ(PercentDecoded("a+b%41"), "a+bA");
}

TEST(CodePoints, CountsWellFormedText) {
  EXPECT_EQ(CodePoints(""), 0);
  EXPECT_EQ(CodePoints("abc"), 3);
  EXPECT_EQ(CodePoints("\0a"s), 2);
  EXPECT_EQ(CodePoints("\xC2\x80\xDF\xBF"), 2);
  EXPECT_EQ(CodePoints("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"), 4);
  EXPECT_EQ(CodePoints("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), 2);
}

TEST(CodePoints, RefusesEveryIllFormedSequence) {
  // A continuation without a start, overlong forms, surrogates, beyond U+10FFFF, and cut ones.
  const auto cases = std::to_array<std::string_view>(
      {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
       "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82",
       "\xF0\x90\x80", "\xC2\x41", "\xE2\x82\x41", "a\xF0\x90\x80\x41"});
  for (const auto text : cases) EXPECT_EQ(CodePoints(text), -1) << Hex(text);
}

TEST(Hex, IsLowerCase) { EXPECT_EQ(Hex("\x00\x0F\xF0\xAB"s), "000ff0ab"); }

// The vectors of RFC 4648, section 10.
TEST(Base64, MatchesRfc4648) {
  struct Case {
    std::string bytes, text;
  };
  const Case cases[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"},
                        {"\xFB\xFF\xBF", "+/+/"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Base64(c.bytes), c.text);
    std::string decoded = "left over";
    EXPECT_TRUE(Base64Decode(c.text, &decoded)) << c.text;
    EXPECT_EQ(decoded, c.bytes);
  }
}

TEST(Base64, RoundTripsEveryByteAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 260; ++i) {
    std::string decoded;
    ASSERT_TRUE(Base64Decode(Base64(bytes), &decoded)) << i;
    ASSERT_EQ(decoded, bytes);
    bytes += static_cast<char>(i);
  }
}

TEST(Base64Decode, RefusesWhatIsNotCanonical) {
  const auto cases = std::to_array<std::string_view>(
      {"Zg", "Zg=", "Z", "Zm9v=", "=", "==", "===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9\n",
       "Zm9vZg==\n", "Zg==Zg==", "-_-_", "Zm=v", "Z===", "Zm9vZ===", "\xFF\xFF\xFF\xFF"});
  for (const auto text : cases) {
    std::string decoded = "left over";
    EXPECT_FALSE(Base64Decode(text, &decoded)) << text;
    EXPECT_EQ(decoded, "") << text;
  }
}

TEST(AppendJsonString, EscapesWhatJsonDemandsAndNothingElse) {
  struct Case {
    std::string text, json;
  };
  const Case cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {R"(a"b\c/d)", R"("a\"b\\c/d")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"\0\x01\x1F\x7F"s, "\"\\u0000\\u0001\\u001f\x7F\""},
      {"\xE2\x82\xAC", "\"\xE2\x82\xAC\""},
  };
  for (const auto& c : cases) {
    std::string out = "x:";
    AppendJsonString(c.text, out);
    EXPECT_EQ(out, "x:" + c.json);
  }
}

TEST(Trimmed, DropsOuterWhiteSpaceOnly) {
  EXPECT_EQ(Trimmed(" \t\r\n a b \f\v"), "a b");
  EXPECT_EQ(Trimmed(" \n"), "");
  EXPECT_EQ(Trimmed(""), "");
}

TEST(ZeroizeString, OverwritesContentAndSpareCapacity) {
  std::string text = "4111111111111111 and more than fits in place";
  text.resize(20);  // The rest stays behind in the spare capacity.
  const char* const memory = text.data();
  const std::size_t capacity = text.capacity();
  ZeroizeString(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), memory);
  ASSERT_EQ(text.capacity(), capacity);
  EXPECT_EQ(std::string_view(memory, capacity).find_first_not_of('\0'), std::string_view::npos);
}

}  // namespace
}  // namespace msp
