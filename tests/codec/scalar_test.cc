// SPDX-License-Identifier: Apache-2.0

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
  const std::pair<const char*, const char*> kCases[] = {
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
  for (const auto& [in, out] : kCases) {
    std::string text = in;
    const Unescaped content = Unescape(text.data(), text.data() + text.size());
    EXPECT_TRUE(content.readable) << in;
    EXPECT_EQ(text.substr(0, content.size), out) << in;
  }
  std::string nul = R"(a\u0000b)";
  ASSERT_EQ(Unescape(nul.data(), nul.data() + nul.size()).size, 3U);
  EXPECT_EQ(nul.substr(0, 3), std::string("a\0b", 3));
}

TEST(Scalar, InvalidEscapesAreReadAndReported) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"(\ud800)", "\xEF\xBF\xBD"},
      {R"(Gift \ud83d)", "Gift \xEF\xBF\xBD"},
      {R"(\ude00 gift)", "\xEF\xBF\xBD gift"},
      {R"(\ud800x)", "\xEF\xBF\xBDx"},
      {R"(\ud800\n)", "\xEF\xBF\xBD\n"},
      {R"(\ud800\u0041)",
       "\xEF\xBF\xBD"
       "A"},
      {R"(\ud800\ud800)", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"(\udc00\udc00)", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"(\udc00\ud800)", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"(\ud800\ud83d\ude00)", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
      {R"(\ud83d\ude0)", "\xEF\xBF\xBD\\ude0"},
      {R"(\ud83d\)", "\xEF\xBF\xBD\\"},
      {R"(\)", R"(\)"},
      {R"(a\)", R"(a\)"},
      {R"(\x41)", R"(\x41)"},
      {R"(C:\Users\"x\")", R"(C:\Users"x")"},
      {R"(\u)", R"(\u)"},
      {R"(\u12)", R"(\u12)"},
      {R"(\u123)", R"(\u123)"},
      {R"(\u12g4\n)", "\\u12g4\n"},
      {R"(\U0041)", R"(\U0041)"},
      {R"(\0)", R"(\0)"},
  };
  for (const auto& [in, out] : kCases) {
    std::string text = in;
    const Unescaped content = Unescape(text.data(), text.data() + text.size());
    EXPECT_FALSE(content.readable) << in;
    EXPECT_EQ(text.substr(0, content.size), out) << in;
  }
}

TEST(Scalar, TextsOfDigitsAreIntegersAndNothingElseIs) {
  EXPECT_EQ(ReadSigned("1000"), 1000);
  EXPECT_EQ(ReadSigned("-5"), -5);
  EXPECT_EQ(ReadSigned("0008"), 8);
  EXPECT_EQ(ReadSigned("-0"), 0);
  EXPECT_EQ(ReadSigned("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ReadSigned("-9223372036854775808"), INT64_MIN);
  for (const char* bad : {"",        "9223372036854775808",
                          "1000.01", "1000.",
                          "1000.0",  "10.00",
                          "1e3",     "1.0e3",
                          "+1",      "+5",
                          " 1",      "1 ",
                          "1 000",   "0x1",
                          "0x10",    "-",
                          "1,000",   "ten",
                          "true",    ".0"}) {
    EXPECT_FALSE(ReadSigned(bad).has_value()) << bad;
  }
  EXPECT_EQ(ReadUnsigned("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(ReadUnsigned("18446744073709551616").has_value());
  EXPECT_FALSE(ReadUnsigned("-1").has_value());
}

TEST(Scalar, NumbersAreIntegersWhenTheirValueIsWhole) {
  const std::string zeros(100'000, '0');
  const std::pair<std::string, std::optional<std::int64_t>> kCases[] = {
      {"1000", 1000},
      {"1000.0", 1000},
      {"1000.00", 1000},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1.5e3", 1500},
      {"10.10e2", 1010},
      {"150e-1", 15},
      {"-1.5e1", -15},
      {"-0", 0},
      {"-0.0e7", 0},
      {"0e999999999999999999999", 0},
      {"0.0e-5", 0},
      {"0.001e3", 1},
      {"9223372036854775807.0", INT64_MAX},
      {"9.223372036854775807e18", INT64_MAX},
      {"-9223372036854775808.0", INT64_MIN},
      {"-922337203685477580.8e1", INT64_MIN},
      {"1" + zeros + "e-100000", 1},
      {"0." + zeros + "1e100001", 1},
      {"1000." + zeros, 1000},
      {"1" + zeros, std::nullopt},
      {"1000." + zeros + "1", std::nullopt},
  };
  for (const auto& [text, value] : kCases) {
    EXPECT_EQ(ReadSignedNumber(text), value) << text.substr(0, 40);
  }
  for (const char* other :
       {"1000.5", "10.10", "1e-1", "0.5", "15e-1", "1e19", "1e400", "1e-400",
        "1e99999999999999999999999999", "1e-99999999999999999999999999", "9223372036854775808",
        "9223372036854775808.0", "9.2233720368547758075e18"}) {
    EXPECT_FALSE(ReadSignedNumber(other).has_value()) << other;
  }
  EXPECT_EQ(ReadUnsignedNumber("1.8446744073709551615e19"), UINT64_MAX);
  EXPECT_EQ(ReadUnsignedNumber("-0"), 0U);
  EXPECT_FALSE(ReadUnsignedNumber("1.8446744073709551616e19").has_value());
  EXPECT_FALSE(ReadUnsignedNumber("-1.0").has_value());
}

TEST(Scalar, ExponentsAreWrittenOutDigitByDigit) {
  const struct {
    const char* number;
    const char* plain;
  } kCases[] = {
      {"1.8597932927745563e+16", "18597932927745563"},
      {"1e3", "1000"},
      {"1.5E2", "150"},
      {"-2.5e0", "-2.5"},
      {"125e-2", "1.25"},
      {"1e-7", "0.0000001"},
      {"-12.5e-3", "-0.0125"},
      {"0.05e1", "0.5"},
      {"0e9", "0"},
      {"-0.0e400", "0"},
      {"1000.0", "1000"},
      {"1e39", "1000000000000000000000000000000000000000"},
  };
  for (const auto& row : kCases) {
    std::string plain = "before";
    EXPECT_TRUE(WithoutExponent(row.number, plain)) << row.number;
    EXPECT_EQ(plain, row.plain) << row.number;
  }
  for (const char* bad : {"1e40", "1e-42", "1e400", "1e-999999999999999999999999"}) {
    std::string plain;
    EXPECT_FALSE(WithoutExponent(bad, plain)) << bad;
  }
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
