// SPDX-License-Identifier: Apache-2.0

#include "service/codec/encode.h"

#include <string>

#include "tests/codec/schemas.h"
#include "tests/testing/words.h"

namespace msp::codec {
namespace {

using testing::Everything;
using testing::Item;

using Encode = decltype(EncodeBody);

std::string Written(Encode encode, std::string_view text) {
  std::string out;
  encode(SchemaOf<Everything>(), FromText<Everything>(text), out);
  return out;
}
std::string Body(std::string_view text) { return Written(EncodeBody, text); }
std::string All(std::string_view text) { return Written(EncodeAll, text); }
std::string Query(std::string_view text) { return Written(EncodeQuery, text); }

TEST(EncodeBody, WritesEachKind) {
  const std::pair<const char*, const char*> kGolden[] = {
      {"", "{}"},
      {"text: 'a'", R"({"text":"a"})"},
      {"small: -2147483648", R"({"small":-2147483648})"},
      {"large: 9223372036854775807", R"({"large":9223372036854775807})"},
      {"large: 0", R"({"large":0})"},
      {"usmall: 4294967295", R"({"usmall":4294967295})"},
      {"ularge: 18446744073709551615", R"({"ularge":18446744073709551615})"},
      {"flag: true", R"({"flag":true})"},
      {"flag: false", R"({"flag":false})"},
      {"blob: '\\001\\377'", R"({"blob":"Af8="})"},
      {"color: COLOR_RED", R"({"color":"COLOR_RED"})"},
      {"item { unit_price: '242.9300000000' quantity: 2 }",
       R"({"item":{"unit_price":"242.9300000000","quantity":2}})"},
      {"words: 'a' words: '' words: 'b'", R"({"words":["a","","b"]})"},
      {"counts: 1 counts: -2", R"({"counts":[1,-2]})"},
      {"flags: true flags: false", R"({"flags":[true,false]})"},
      {"ratios: 0.5 ratios: 1", R"({"ratios":[0.5,1]})"},
      {"colors: COLOR_BLUE colors: COLOR_RED", R"({"colors":["COLOR_BLUE","COLOR_RED"]})"},
      {"items { name: 'x' } items { name: 'y' parts { name: 'z' } }",
       R"({"items":[{"name":"x"},{"name":"y","parts":[{"name":"z"}]}]})"},
      {"left: 'l'", R"({"left":"l"})"},
      {"right: 5", R"({"right":5})"},
      {"middle { name: 'm' }", R"({"middle":{"name":"m"}})"},
      {"renamed: 'r'", R"({"@re\"named":"r"})"},
      {"large: 1 text: 'first in the file'", R"({"text":"first in the file","large":1})"},
  };
  for (const auto& [message, json] : kGolden) EXPECT_EQ(Body(message), json) << message;
}

// "a=b": the field's value a is written as b; "a" as it is.
template <class Message>
void ExpectWritten(const std::string& field, const std::string& values) {
  for (const std::string& row : msp::testing::Words(values)) {
    const std::size_t mark = row.find('=');
    const std::string value = row.substr(0, mark);
    const std::string written = mark == std::string::npos ? value : row.substr(mark + 1);
    std::string body;
    EncodeBody(SchemaOf<Message>(), FromText<Message>(field + ": " + value), body);
    EXPECT_EQ(body, "{\"" + field + "\":" + written + "}") << value;
  }
}

TEST(EncodeBody, NumbersAreTheShortestThatReadBack) {
  ExpectWritten<Everything>(
      "ratio",
      "90.0=90 -3 0 -0.0=0 0.1 374.85 100000 1e15=1000000000000000 0.21 1e300=1e+300 "
      "1e-7=1e-07 0.30000000000000004 9007199254740992");
}

TEST(EncodeBody, MoreDecimalsThanTheFieldTakesAreRoundedHalfAwayFromZero) {
  ExpectWritten<testing::Shapes>(
      "price",
      "11.9 90 8.2644628099 8.26446280991=8.2644628099 8.26446280991736=8.2644628099 "
      "8.26446280995=8.26446281 8.264462809949=8.2644628099 -8.26446280995=-8.26446281 "
      "-8.26446280991736=-8.2644628099 0.33333333333333331=0.3333333333 "
      "0.66666666666666663=0.6666666667 0.00000000005=0.0000000001 "
      "-0.00000000005=-0.0000000001 0.000000000049=0 -0.000000000049=0 1e-300=0 -5e-324=0 "
      "0.99999999999=1 -0.99999999999=-1 9.99999999999=10 -99.99999999999=-100 "
      "1.10000000001=1.1 0.00001 1.5e-7=0.00000015 1e-10=0.0000000001 0.1999999999999=0.2 "
      "12345.678901234567=12345.6789012346 1e15=1000000000000000 1e300=1e+300 -0.0=0");
  // What people see is what was given.
  std::string all;
  EncodeAll(SchemaOf<testing::Shapes>(), FromText<testing::Shapes>("price: 8.26446280991736"), all);
  EXPECT_EQ(all, R"({"price":8.26446280991736})");
}

TEST(EncodeBody, NumbersThatJsonCannotHoldAreNeverWritten) {
  for (const char* value : {"inf", "-inf", "nan"}) {
    EXPECT_EQ(Body("text: 'a' ratio: " + std::string(value)), R"({"text":"a"})");
    EXPECT_EQ(Body("ratios: 1 ratios: " + std::string(value)), R"({"ratios":[1,null]})");
    EXPECT_EQ(
        Body("settings { fields { key: 'k' value { number_value: " + std::string(value) + " } } }"),
        R"({"settings":{"k":null}})");
  }
}

TEST(EncodeBody, TextIsEscaped) {
  EXPECT_EQ(Body(R"(text: "q\" b\\ s/ n\n t\t u\001 \303\251 <&>")"),
            "{\"text\":\"q\\\" b\\\\ s/ n\\n t\\t u\\u0001 \xC3\xA9 <&>\"}");
  // Each position of an eight-byte group, because text is scanned in such groups.
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'"', '\\', '\n', '\x1f'}) {
        Everything message;
        std::string text(size, 'x');
        text[at] = c;
        message.set_text(text);
        std::string json;
        EncodeBody(SchemaOf<Everything>(), message, json);
        const DecodedMessage back(json);
        ASSERT_TRUE(back.ok) << json;
        ASSERT_EQ(back.message.text(), text);
      }
    }
  }
}

TEST(EncodeBody, EmptyTextsListsAndObjectsAreNotSent) {
  EXPECT_EQ(Body("text: ''"), "{}");
  EXPECT_EQ(Body("nothing {}"), "{}");
  EXPECT_EQ(Body("item {}"), "{}");
  EXPECT_EQ(Body("item { name: '' }"), "{}") << "what becomes empty is left out too";
  EXPECT_EQ(Body("item { parts { parts {} } }"), R"({"item":{"parts":[{"parts":[{}]}]}})")
      << "elements keep their places";
  EXPECT_EQ(Body("text: '' small: 1 nothing {} large: 2 item { name: '' }"),
            R"({"small":1,"large":2})");
  EXPECT_EQ(Body("items { name: '' } items { name: 'b' }"), R"({"items":[{},{"name":"b"}]})");
}

TEST(EncodeBody, StructStaysAsGivenWithSortedKeys) {
  EXPECT_EQ(Body("settings {}"), R"({"settings":{}})");
  EXPECT_EQ(Body(R"(settings {
    fields { key: 'z' value { null_value: NULL_VALUE } }
    fields { key: 'b"' value { string_value: '' } }
    fields { key: 'a' value { number_value: 90 } }
    fields { key: 'd' value { number_value: 0.5 } }
    fields { key: 'c' value { bool_value: true } }
    fields { key: 'o' value { struct_value {} } }
    fields { key: 'l' value { list_value { values { number_value: 1 } values {} values { list_value {} } } } }
  })"),
            R"({"settings":{"a":90,"b\"":"","c":true,"d":0.5,"l":[1,null,[]],"o":{},"z":null}})");
  EXPECT_EQ(Body("bags {} bags { fields { key: 'k' value { bool_value: false } } }"),
            R"({"bags":[{},{"k":false}]})");
}

TEST(EncodeBody, LeavesOutWhatIsOursAndWhatTravelsElsewhere) {
  EXPECT_EQ(Body("text: 'a' in_path: 'p' limit: 5 after: 'x' methods: 'm' state: COLOR_RED "
                 "own_item { name: 'o' } at { seconds: 1 } plain: true times { seconds: 2 }"),
            R"({"text":"a"})");
}

TEST(EncodeBody, CardNumbersLoseTheirSpaces) {
  EXPECT_EQ(Body("card { number: '4111 1111 1111 1111' holder: 'A B' }"),
            R"({"card":{"number":"4111111111111111","holder":"A B"}})");
  EXPECT_EQ(Body("card { number: '4 \"' }"), R"({"card":{"number":"4\""}})");
}

TEST(EncodeBody, AppendsToWhatIsThere) {
  std::string out = "x";
  EncodeBody(SchemaOf<Everything>(), Everything(), out);
  EXPECT_EQ(out, "x{}");
}

TEST(EncodeAll, ShowsEverySetField) {
  EXPECT_EQ(
      All("text: '' nothing {} in_path: 'p' limit: 5 large: 9007199254740993 card { number: '41 "
          "11' } "
          "at { seconds: 1700000000 nanos: 500000000 } state: COLOR_BLUE plain: true own_item {} "
          "times { seconds: 0 }"),
      R"({"text":"","large":9007199254740993,"card":{"number":"41 11"},"nothing":{},"in_path":"p","limit":5,)"
      R"("at":"2023-11-14T22:13:20.500Z","state":"COLOR_BLUE","own_item":{},"plain":true,)"
      R"("times":["1970-01-01T00:00:00Z"]})");
}

TEST(EncodeAll, ValueOutsideTheEnumIsItsNumber) {
  Everything message;
  message.set_color(static_cast<testing::Color>(77));
  std::string out;
  EncodeAll(SchemaOf<Everything>(), message, out);
  EXPECT_EQ(out, R"({"color":77})");
}

TEST(EncodeAll, TimeOutsideTheCalendarIsLeftOut) {
  EXPECT_EQ(All("at { seconds: 999999999999999 } plain: true"), R"({"plain":true})");
  EXPECT_EQ(All("at { nanos: -1 } plain: true"), R"({"plain":true})");
}

TEST(EncodeQuery, WritesWhatIsSetInTheOrderOfTheFile) {
  EXPECT_EQ(Query("text: 'body' in_path: 'p'"), "");
  EXPECT_EQ(
      Query("after: 'a b&c/\\303\\251' limit: 10 grouped: true methods: 'VISA' methods: 'A,B'"),
      "limit=10&after=a%20b%26c%2F%C3%A9&grouped=1&methods=VISA&methods=A%2CB");
  EXPECT_EQ(Query("after: '' grouped: false"), "grouped=0");
}

TEST(EncodeQuery, AppendsBehindAPathWithoutASeparatorOfItsOwn) {
  std::string out = "/transactions?";
  EncodeQuery(SchemaOf<Everything>(), FromText<Everything>("limit: 10"), out);
  EXPECT_EQ(out, "/transactions?limit=10");
}

}  // namespace
}  // namespace msp::codec
