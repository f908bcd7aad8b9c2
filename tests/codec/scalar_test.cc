#include "service/codec/scalar.h"

#include <gtest/gtest.h>

#include <string>

namespace msp::codec {
namespace {

TEST(Scalar, NumbersFollowTheJsonGrammar) {
  for (const char* good : {"0", "-0", "7", "10", "-12", "0.5", "1.0", "-0.25", "1e5", "1E+5",
                           "1e-05", "0e0", "123456789012345678901", "1.50"}) {
    EXPECT_TRUE(IsJsonNumber(good)) << good;
  }
  for (const char* bad : {"",    "-",        "+1",   "01",    "-01",  "00",    "1.",   ".5", "-.5",
                          "1e",  "1e+",      "1.e5", "1e5.0", "0x10", "1_0",   " 1",   "1 ", "NaN",
                          "inf", "Infinity", "1a",   "--1",   "1-",   "1.2.3", "1e1e1"}) {
    EXPECT_FALSE(IsJsonNumber(bad)) << bad;
  }
}

TEST(Scalar, EscapesAreReplacedInPlace) {
  const struct {
    const char* in;
    const char* out;
  } kCases[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(a\"b\\c\/d)", "a\"b\\c/d"},
      {R"(\b\f\n\r\t)", "\b\f\n\r\t"},
      {R"(\u0041\u00e9\u20AC)", "A\xC3\xA9\xE2\x82\xAC"},
      {R"(\ud83d\ude00!)", "\xF0\x9F\x98\x80!"},
      {R"(\ud800\udc00)", "\xF0\x90\x80\x80"},
      {R"(\udbff\udfff)", "\xF4\x8F\xBF\xBF"},
      {R"(tail\\)", "tail\\"},
  };
  for (const auto& row : kCases) {
    std::string text = row.in;
    const auto size = Unescape(text.data(), text.data() + text.size());
    ASSERT_TRUE(size.has_value()) << row.in;
    EXPECT_EQ(text.substr(0, *size), row.out) << row.in;
  }
  std::string nul = R"(a\u0000b)";
  ASSERT_EQ(Unescape(nul.data(), nul.data() + nul.size()), 3U);
  EXPECT_EQ(nul.substr(0, 3), std::string("a\0b", 3));
}

TEST(Scalar, BadEscapesAreRefused) {
  for (const char* bad : {R"(\)",
                          R"(a\)",
                          R"(\x41)",
                          R"(\')",
                          R"(\u)",
                          R"(\u12)",
                          R"(\u123)",
                          R"(\u12g4)",
                          R"(\U0041)",
                          R"(\ud800)",
                          R"(\ud800x)",
                          R"(\ud800\n)",
                          R"(\ud800\u0041)",
                          R"(\ud800\ud800)",
                          R"(\udc00)",
                          R"(\udc00\udc00)",
                          R"(\udc00\ud800)",
                          R"(\ud83d\ude0)",
                          R"(\ud83d\)",
                          R"(\a)",
                          R"(\0)"}) {
    std::string text = bad;
    EXPECT_FALSE(Unescape(text.data(), text.data() + text.size()).has_value()) << bad;
  }
}

TEST(Scalar, IntegersKeepEveryDigitOrAreNone) {
  EXPECT_EQ(ReadSigned("1000"), 1000);
  EXPECT_EQ(ReadSigned("-5"), -5);
  EXPECT_EQ(ReadSigned("0008"), 8);
  EXPECT_EQ(ReadSigned("1000.00"), 1000);
  EXPECT_EQ(ReadSigned("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ReadSigned("-9223372036854775808"), INT64_MIN);
  for (const char* bad : {"", "9223372036854775808", "1000.01", "1000.", "1e3", "1.0e3", "+1", " 1",
                          "1 ", "0x1", "-", "1,000", "ten", ".0"}) {
    EXPECT_FALSE(ReadSigned(bad).has_value()) << bad;
  }
  EXPECT_EQ(ReadUnsigned("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(ReadUnsigned("18446744073709551616").has_value());
  EXPECT_FALSE(ReadUnsigned("-1").has_value());
}

TEST(Scalar, DoublesAreFiniteJsonNumbers) {
  EXPECT_EQ(ReadDouble("0.1"), 0.1);
  EXPECT_EQ(ReadDouble("-1e3"), -1000.0);
  for (const char* bad :
       {"", "inf", "nan", "1.", ".5", "0x1p3", "1e999", "-1e999", "1e-999", "1,5"}) {
    EXPECT_FALSE(ReadDouble(bad).has_value()) << bad;
  }
}

TEST(Scalar, BoolsComeInSevenSpellings) {
  for (const char* yes : {"1", "true", "TRUE", "YES", "yes", "Yes"}) EXPECT_EQ(ReadBool(yes), true);
  for (const char* no : {"0", "false", "False", "NO", "no"}) EXPECT_EQ(ReadBool(no), false);
  for (const char* bad : {"", "2", "-1", "y", "n", "on", "1.0", "00", "truee"}) {
    EXPECT_FALSE(ReadBool(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace msp::codec
