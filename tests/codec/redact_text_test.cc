// SPDX-License-Identifier: Apache-2.0

#include "service/codec/redact_text.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/words.h"

namespace msp::codec {
namespace {

using msp::testing::Filled;
using msp::testing::Grouped;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedactedText, HidesWhatCouldBeACardNumber) {
  const std::pair<const char*, const char*> kRows[] = {
      {"", ""},
      {"Invalid transaction ID", "Invalid transaction ID"},
      {"order 12345678901 unknown", "order 12345678901 unknown"},
      {"card 411111111111 refused", "card *** refused"},
      {"4111 1111 1111 1111", "***"},
      {"4111-1111-1111-1111!", "***!"},
      {"4111 - 1111 - 1111 - 1111", "***"},
      {"4111.1111.1111.1111.", "***."},
      {"x4111111111111111x5500000000000004", "x***x***"},
      {"2020-01-28T09:01:07", "2020-01-28T09:01:07"},
      {"line\nbreak \x1b[0m \x7f", "line break  [0m  "},
      {"bad \xff\xC3 utf8 caf\xC3\xA9", "bad ?? utf8 caf\xC3\xA9"},
  };
  for (const auto& [in, out] : kRows) EXPECT_EQ(RedactedText(in), out) << in;
}

TEST(RedactedText, TakesAControlCharacterForTheSpaceThatItBecomes) {
  EXPECT_THAT(RedactedText("card 5\x18"
                           "555-5555.5555 4444 refused"),
              Not(HasSubstr("555")));
  EXPECT_EQ(RedactedText("a\tb\x7F"
                         "c"),
            "a b c");
}

TEST(RedactedText, CutsAtACodePoint) {
  EXPECT_EQ(RedactedText("abcdef", 3), "abc");
  EXPECT_EQ(RedactedText("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(RedactedText("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  EXPECT_EQ(RedactedText(std::string(10'000, 'x')).size(), 512U);
  for (std::size_t max = 0; max < 40; ++max) {
    EXPECT_THAT(RedactedText("card 4111111111111111 and 5500 0000 0000 0004", max),
                Not(HasSubstr("11")))
        << "a cut never shortens a run below what is hidden";
  }
}

// What may stand between the digits of a card, and texts that quote a security code.
std::vector<std::string> Separators() {
  std::vector<std::string> separators{"", "\t", " ", " - ", ", "};
  for (const char c : std::string("-._,/:+|*~;=%\xFF")) separators.emplace_back(1, c);
  for (const std::string& more : msp::testing::Words("%20 %2D &nbsp; &#8239; \\u00a0 \u2009 \u00A0 "
                                                     "\u00AD \u200B \u2060 \uFEFF \u2011 \u00B7")) {
    separators.push_back(more);
  }
  return separators;
}
std::vector<std::string> CodePhrases() {
  return msp::testing::CommandLine(
      R"('CVC # is wrong' 'cvv = #' 'Security code # declined' 'CVC2: #' 'CSC #' cid=# cvc#)"
      R"( 'invalid verification code (#)' '# is no valid CVV' 'card_cvc "#"' 'Cvc:#, try again')"
      " securityCode=#");
}

// The same digits as full-width characters.
std::string Wide(std::string_view digits) {
  std::string text;
  for (const char digit : digits) {
    text += "\xEF\xBC";
    text += static_cast<char>(0x90 + (digit - '0'));
  }
  return text;
}

TEST(RedactedText, HidesACardWithAnySeparators) {
  for (const std::string& separator : Separators()) {
    for (const std::size_t group : {1U, 2U, 4U, 6U}) {
      const std::string card = Grouped("4111111111111111", group, separator);
      EXPECT_EQ(RedactedText("Card " + card + " refused"), "Card *** refused") << card;
    }
  }
  EXPECT_EQ(RedactedText("Card " + Wide("4111111111111111") + " refused"), "Card *** refused");
  EXPECT_EQ(RedactedText("Card %34%31%31%31%31%31%31%31%31%31%31%31%31%31%31%31 refused"),
            "Card *** refused");
}

TEST(RedactedText, LeavesOtherNumbersReadable) {
  for (const char* text :
       {"2020-01-28T09:01:07", "amount 9743, currency EUR", "from 1 to 10,000 (not 12,500)",
        "HTTP 404: error 1006", "192.168.10.12:443", "50% of 1234", "order 123456 / 2"})
    EXPECT_EQ(RedactedText(text), text);
}

TEST(RedactedText, HidesTheKnownCardAndCodeHoweverTheyAreWritten) {
  // A number that fails the check, so that nothing but knowing it can find it.
  const std::string number = "4111222233334445";
  const KnownSecrets known{
      .card = {.number = DigitPrint("4111 2222 3333 4445"), .code = DigitPrint("8642")}};
  for (const std::string& separator : Separators()) {
    const std::string card = Grouped(number, 4, separator);
    EXPECT_EQ(RedactedText("Card " + card + "!", 512, known), "Card ***!") << card;
    const std::string code = Grouped("8642", 1, separator);
    EXPECT_EQ(RedactedText("Value " + code + " refused", 512, known), "Value *** refused") << code;
  }
  EXPECT_EQ(RedactedText("a" + Wide(number) + "b" + Wide("8642") + "c", 512, known), "a***b***c");
  for (const std::string& phrase : CodePhrases())
    EXPECT_THAT(RedactedText(Filled(phrase, "8642"), 512, known), Not(HasSubstr("8642"))) << phrase;
}

TEST(RedactedText, LeavesANumberThatOnlyContainsTheKnownCode) {
  const KnownSecrets known{.card = {.code = DigitPrint("123")}};
  EXPECT_EQ(RedactedText("order 41236, error 1234, 123", 512, known),
            "order 41236, error 1234, ***");
}

TEST(RedactedText, HidesShortNumbersWhereASecurityCodeIsMentioned) {
  for (const std::string& phrase : CodePhrases()) {
    for (const char* code : {"864", "8642", "8-6-4-2", "8 6 4"})
      EXPECT_THAT(RedactedText(Filled(phrase, code)), Not(AnyOf(HasSubstr("864"), HasSubstr("6"))))
          << phrase;
  }
  EXPECT_EQ(RedactedText("incident 8642"), "incident 8642");
}

TEST(RedactedText, HidesTheApiKeyHoweverItIsWritten) {
  constexpr std::string_view kKey = "a1b2c3d4-e5f6-7890-abcd-ef0123456789";
  for (const char* text :
       {"Invalid API key: a1b2c3d4-e5f6-7890-abcd-ef0123456789",
        "api_key=a1b2c3d4-e5f6-7890-abcd-ef0123456789&x",
        "key 'A1B2C3D4-E5F6-7890-ABCD-EF0123456789' unknown", "a1b2c3d4e5f67890abcdef0123456789",
        "Key a1b2c3d4 e5f6 7890 abcd ef0123456789 expired",
        "/json?api_key=a1b2c3d4%2De5f6%2D7890%2Dabcd%2Def0123456789", "prefix a1b2c3d4-e5f6..."}) {
    for (const KnownSecrets& known :
         {KnownSecrets{.api_key = kKey}, KnownSecrets{.previous_api_key = kKey}}) {
      const std::string clean = RedactedText(text, 512, known);
      EXPECT_THAT(clean, HasSubstr("***"));
      for (const char* part : {"a1b2", "A1B2", "c3d4", "e5f6", "ef01", "6789"})
        EXPECT_THAT(clean, Not(HasSubstr(part))) << text;
    }
  }
  EXPECT_EQ(RedactedText("Invalid API key", 512, {.api_key = kKey}), "Invalid API key");
  EXPECT_EQ(RedactedText("key AB-12 is short", 512, {.api_key = "ab-12"}), "key *** is short");
}

TEST(RedactedText, ALongTextIsCutWithoutShowingTheHalfOfANumber) {
  for (std::size_t letters = 5'080; letters < 5'130; ++letters)
    EXPECT_THAT(RedactedText(std::string(letters, 'x') + "4111111111111111", letters + 20),
                Not(HasSubstr("411")));
}

TEST(RedactedText, LeavesNothingThatASecondTimeWouldHide) {
  for (const char* text :
       {"12 4111111111111111 34 56 78 90 12 34 56", "cvc 1 4111111111111111 23",
        "1/4111111111111111/11 1111 1111 11/17", "4111|4111111111111111|1111|1111|1111"}) {
    const std::string clean = RedactedText(text);
    EXPECT_EQ(RedactedText(clean), clean) << text;
    EXPECT_FALSE(HoldsCardNumber(clean)) << clean;
  }
}

TEST(RedactedText, HidesACardBesideADigitOfAnotherScript) {
  EXPECT_EQ(RedactedText("a\u06F74111/1111/1111/1111b"), "a\u06F7***b");
  EXPECT_FALSE(HoldsCardNumber(RedactedText("4111_1111_1111_1111\u0667")));
}

TEST(DigitPrint, RecognizesTheSameDigitsAlone) {
  const DigitPrint print("8 6-42");
  EXPECT_EQ(print.digits(), 4U);
  EXPECT_TRUE(print.Matches("8642"));
  EXPECT_FALSE(print.Matches("8643"));
  EXPECT_FALSE(print.Matches("864"));
  EXPECT_FALSE(DigitPrint().Matches(""));
  EXPECT_FALSE(DigitPrint("none").Matches(""));
}

TEST(HoldsCardNumber, NeedsAValidCheckDigit) {
  for (const char* card : {"4111111111111111", "order 4111 1111-1111.1111 / 1", "a374500000000015b",
                           "6799990000000000011", "4111_1111_1111_1111", "key~4111~1111~1111~1111",
                           "4%31%311111111111111", "\u06F74111111111111111",
                           "4111111111111111\uFF17", "%374111111111111111"})
    EXPECT_TRUE(HoldsCardNumber(card)) << card;
  for (const char* other : {"", "4111111111111112", "order-1", "41111111111", "2026-11-25-000124",
                            "41111111111111111111111111111111"})
    EXPECT_FALSE(HoldsCardNumber(other)) << other;
}

TEST(RedactedIfCard, LeavesOtherIdentifiersAsTheyAre) {
  EXPECT_EQ(RedactedIfCard("order_4111_1111_1111_1111"), "order_***");
  EXPECT_EQ(RedactedIfCard("2026-11-25-000124"), "2026-11-25-000124");
  EXPECT_EQ(RedactedIfCard(std::string(1 << 20, 'x')), std::string(kIdentifierMax, 'x'));
}

}  // namespace
}  // namespace msp::codec
