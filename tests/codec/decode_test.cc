// SPDX-License-Identifier: Apache-2.0

#include "service/codec/decode.h"

#include "tests/codec/schemas.h"
#include "tests/testing/words.h"

namespace msp::codec {
namespace {

using ::testing::ElementsAre;
using testing::Envelope;
using testing::Everything;
using ::testing::IsEmpty;
using testing::Reply;
using ::testing::SizeIs;

// Each of the values, separated by blanks, is read as `message`; as nothing, and reported as unfit,
// where that is null.
void ExpectEach(const std::string& field, const std::string& values, const char* message) {
  for (const std::string& value : msp::testing::Words(values)) {
    const std::string json = "{\"" + field + "\":" + value + "}";
    if (message != nullptr) {
      ExpectRead({{json, message}});
    } else {
      ExpectRead({{json, "", {"V:" + field}}});
    }
  }
}
constexpr const char* kUnfit = nullptr;

TEST(Decode, StringTakesStringNumberAndBool) {
  ExpectRead({
      {R"({"text":"a"})", "text: 'a'"},
      {R"({"text":"caf\u00e9 \ud83d\ude00 \"x\" \/"})",
       "text: 'caf\\303\\251 \\360\\237\\230\\200 \"x\" /'"},
      {R"({"text":123456789012345678901})", "text: '123456789012345678901'"},
      {R"({"text":242.9300000000})", "text: '242.9300000000'"},
      {R"({"text":-0.0})", "text: '-0.0'"},
      {R"({"text":1e5 })", "text: '100000'"},
      {R"({"text":1e-7})", "text: '0.0000001'"},
      {R"({"text":1.8597932927745563e+16})", "text: '18597932927745563'"},
      {R"({"text":true})", "text: 'true'"},
      {R"({"text":false})", "text: 'false'"},
  });
  ExpectEach("text", R"(1e400 {"a":1} ["a"] [])", kUnfit);
}

TEST(Decode, IntegerTakesNumberAndNumericString) {
  ExpectEach("large", R"(1000 "1000" 1000.00 1000.0 1e3)", "large: 1000");
  ExpectEach("large", "0 -0", "large: 0");
  ExpectEach("large", "-5", "large: -5");
  ExpectEach("large", "1.5e3", "large: 1500");
  ExpectEach("large", "\"0012\"", "large: 12");
  ExpectEach("large", "9223372036854775807", "large: 9223372036854775807");
  ExpectEach("large", R"("1000.00" "10.00" "1000.0" "1e3" "+5" "0x10" 1000.5 10.10 1e-1 1e400)",
             kUnfit);
  ExpectEach("large", "9223372036854775808 10.5 true {}", kUnfit);
  ExpectEach("small", "2147483647", "small: 2147483647");
  ExpectEach("small", "1.006e3", "small: 1006");
  ExpectEach("small", "2147483648 -2147483649 1e10", kUnfit);
  ExpectEach("usmall", "4294967295", "usmall: 4294967295");
  ExpectEach("usmall", "4294967296 -1", kUnfit);
  ExpectEach("ularge", "18446744073709551615", "ularge: 18446744073709551615");
  ExpectEach("ularge", "-1", kUnfit);
  ExpectRead(
      {{R"({"large":"1 000"})", "", {"V:large"}}, {R"({"large":"10 EUR"})", "", {"V:large"}}});
}

TEST(Decode, IdTakesWholeNumbersWithTheirExactDigits) {
  constexpr std::pair<const char*, const char*> kRows[] = {
      {"12345", "12345"},
      {"12345.0", "12345"},
      {"1.8597932927745563e+16", "18597932927745563"},
      {"123456789012345678901", "123456789012345678901"},
      {"-5", "-5"},
      {"12345.5", kUnfit},
      {"1e-2", kUnfit},
      {"1e400", kUnfit},
      {"\"00012345.0\"", "00012345.0"},
      {"\"1e3\"", "1e3"},
  };
  for (const auto& [number, id] : kRows) {
    const DecodedMessage<testing::Shapes> read(R"({"id":)" + std::string(number) + "}");
    EXPECT_TRUE(read.ok) << number;
    EXPECT_EQ(read.message.has_id(), id != kUnfit) << number;
    EXPECT_EQ(read.message.id(), id != kUnfit ? id : "") << number;
    EXPECT_THAT(read.drift, SizeIs(id == kUnfit ? 1 : 0)) << number;
  }
}

TEST(Decode, BoolTakesEverySpellingSeen) {
  ExpectEach("flag", R"(true 1 "1" "YES" "yes")", "flag: true");
  ExpectEach("flag", R"(false 0 "0" "NO" "False")", "flag: false");
  ExpectEach("flag", "\"\"", "");
  ExpectEach("flag", R"(2 "maybe" 1.0 [])", kUnfit);
}

TEST(Decode, OtherScalars) {
  ExpectEach("ratio", R"(0.21 "0.21")", "ratio: 0.21");
  ExpectEach("ratio", "0e-400", "ratio: 0");
  ExpectEach("ratio", "5e-324", "ratio: 5e-324");
  ExpectEach("ratio", R"(1e400 1e-400 "NaN" true)", kUnfit);
  ExpectEach("blob", "\"Af8=\"", "blob: '\\001\\377'");
  ExpectEach("blob", R"("no_base64" 5)", kUnfit);
  ExpectEach("color", "\"COLOR_RED\"", "color: COLOR_RED");
  ExpectEach("color", "2", "color: COLOR_BLUE");
  ExpectEach("color", R"("COLOR_GREEN" 77 99999999999)", kUnfit);
}

TEST(Decode, NullEmptyAndAbsentAreUnset) {
  for (const FieldSchema& entry : SchemaOf<Everything>().entries()) {
    if (!entry.in_body) continue;
    for (const char* value : {"null", "\"\""})
      ExpectRead({{"{" + entry.quoted.substr(1) + value + "}", ""}});
  }
}

TEST(Decode, ObjectsAndListsTakeWhatPhpMakesOfThem) {
  ExpectRead({
      {R"({"item":{"name":"a"}})", "item { name: 'a' }"},
      {R"({"item":{}})", "item {}"},
      {R"({"item":[]})", "item {}"},
      {R"({"item":[ ]})", "item {}"},
      {R"({"items":[{"name":"a"},{"name":"b"}]})", "items { name: 'a' } items { name: 'b' }"},
      {R"({"items":{"name":"a"}})", "items { name: 'a' }"},
      {R"({"items":[]})", ""},
      {R"({"items":{}})", ""},
      {R"({"items":[{}]})", "items {}"},
      {R"({"items":[[]]})", "items {}"},
      {R"({"items":[null,{"name":"a"},""]})", "items { name: 'a' }"},
      {R"({"items":[[{"name":"a"}],{"name":"b"},5]})", "items { name: 'b' }", {"V:items"}},
      {R"({"words":["a",1,true,null,"","b"]})", "words: 'a' words: '1' words: 'true' words: 'b'"},
      {R"({"words":"alone"})", "words: 'alone'"},
      {R"({"words":[["a"],"b"]})", "words: 'b'", {"V:words"}},
      {R"({"counts":[1,"2",2.5]})", "counts: 1 counts: 2", {"V:counts"}},
      {R"({"flags":[0,"YES"]})", "flags: false flags: true"},
      {R"({"ratios":[0.5]})", "ratios: 0.5"},
      {R"({"colors":["COLOR_RED",2]})", "colors: COLOR_RED colors: COLOR_BLUE"},
  });
  ExpectEach("item", R"([{"name":"a"}] "text" 5 true)", kUnfit);
  ExpectEach("items", "\"text\"", kUnfit);
  ExpectEach("words", R"({"0":"a"})", kUnfit);
  ExpectEach("settings", R"("x" [1])", kUnfit);
}

TEST(Decode, StructTakesAnyObject) {
  ExpectRead({
      {R"({"settings":{}})", "settings {}"},
      {R"({"settings":[]})", "settings {}"},
      {R"({"settings":{"s":"","n":90,"d":0.5,"t":true,"z":null,"o":{"k":[1,"2",[],{}]}}})",
       R"(settings {
         fields { key: 's' value { string_value: '' } }
         fields { key: 'n' value { number_value: 90 } }
         fields { key: 'd' value { number_value: 0.5 } }
         fields { key: 't' value { bool_value: true } }
         fields { key: 'z' value { null_value: NULL_VALUE } }
         fields { key: 'o' value { struct_value { fields { key: 'k' value { list_value {
           values { number_value: 1 } values { string_value: '2' } values { list_value {} } values { struct_value {} }
         } } } } } }
       })"},
      {R"({"settings":{"k":{"a":1},"k":"last"}})",
       "settings { fields { key: 'k' value { string_value: 'last' } } }",
       {"D:settings"}},
      {R"({"settings":{"k":1e999}})",
       "settings { fields { key: 'k' value { null_value: NULL_VALUE } } }",
       {"V:settings"}},
      {R"({"bags":[{},{"k":1},[]]})",
       "bags {} bags { fields { key: 'k' value { number_value: 1 } } } bags {}"},
      {R"({"bags":{"k":1}})", "bags { fields { key: 'k' value { number_value: 1 } } }"},
  });
}

TEST(Decode, FourDigitsGetTheirZerosBack) {
  ExpectRead({
      {R"({"card":{"last4":4444}})", "card { last4: '4444' }"},
      {R"({"card":{"last4":4}})", "card { last4: '0004' }"},
      {R"({"card":{"last4":0}})", "card { last4: '0000' }"},
      {R"({"card":{"last4":"12"}})", "card { last4: '0012' }"},
      {R"({"card":{"last4":"0004"}})", "card { last4: '0004' }"},
      {R"({"card":{"last4":12345}})", "card { last4: '12345' }"},
      {R"({"card":{"last4":-1}})", "card { last4: '-1' }"},
      {R"({"card":{"last4":"x"}})", "card { last4: 'x' }"},
      {R"({"card":{"last4":null}})", "card {}"},
      {R"({"text":4})", "text: '4'"},
  });
}

TEST(Decode, UnknownMembersAreSkippedAndNamed) {
  ExpectRead({
      {R"({"new":1,"text":"a"})", "text: 'a'", {"U:new"}},
      {R"({"item":{"deep":{"x":[1,{"y":null}]},"name":"a"}})",
       "item { name: 'a' }",
       {"U:item.deep"}},
      {R"({"items":[{"odd":1},{"odd":2}]})", "items {} items {}", {"U:items.odd"}},
      {R"({"":1})", "", {"U:"}},
      {R"({"\u0074ext":"escaped key"})", "text: 'escaped key'"},
      {R"({"te\u0078t2":1})", "", {"U:text2"}},
      {R"({"@re\"named":"r"})", "renamed: 'r'"},
  });
}

TEST(Decode, FieldsOfOursAreUnknownToTheApi) {
  ExpectRead(
      {{R"({"state":"COLOR_RED","at":"2020-01-01T00:00:00Z","in_path":"p","limit":1,"plain":true})",
        "",
        {"U:state", "U:at", "U:in_path", "U:limit", "U:plain"}}});
}

TEST(Decode, LastOfDuplicatesWins) {
  ExpectRead({
      {R"({"text":"a","text":"b"})", "text: 'b'", {"D:text"}},
      {R"({"text":"a","text":null})", "", {"D:text"}},
      {R"({"text":"a","text":""})", "", {"D:text"}},
      {R"({"large":1,"large":[]})", "", {"D:large", "V:large"}},
      {R"({"item":{"name":"a"},"item":{"quantity":1}})", "item { quantity: 1 }", {"D:item"}},
      {R"({"words":["a"],"words":["b"]})", "words: 'b'", {"D:words"}},
      {R"({"settings":{"a":1},"settings":{"b":1}})",
       "settings { fields { key: 'b' value { number_value: 1 } } }",
       {"D:settings"}},
      {R"({"left":"l","right":5})", "right: 5", {"D:right"}},
      {R"({"text":null,"text":"b"})", "text: 'b'", {"D:text"}},
  });
}

TEST(Decode, DriftIsBoundedAndSafeToUseAsALabel) {
  std::string json = "{";
  for (int i = 0; i < 100; ++i) json += "\"m" + std::to_string(i) + "\":1,";
  json += R"("text":"a"})";
  json.insert(json.size() - 1, R"(,"large":"x")");
  const DecodedMessage many(json);
  const std::vector<std::string> names = Names(many.drift);
  EXPECT_THAT(names, SizeIs(kDriftMax + 1));
  EXPECT_EQ(names.back(), "V:large") << "unknown members do not crowd out values that do not fit";
  EXPECT_EQ(many.message.text(), "a");

  ExpectRead({
      {R"({"4111111111111111":1})", "", {"U:_"}},
      {R"({"card 4111-1111-1111-1111":1})", "", {"U:card_4111-1111-1111-1111"}},
      {R"({"a\nb\u00e9{}":1})", "", {"U:a_b____"}},
  });

  const DecodedMessage long_name("{\"" + std::string(500, 'k') + "\":1}");
  ASSERT_THAT(long_name.drift, SizeIs(1));
  EXPECT_EQ(long_name.drift[0].path, std::string(kDriftPathMax, 'k'));
}

TEST(Decode, DocumentThatIsNoObjectIsReadAsNothing) {
  ExpectRead({
      {"[]", "", {"V:"}},
      {"[{\"text\":\"a\"}]", "", {"V:"}},
      {"5", "", {"V:"}},
      {"\"x\"", "", {"V:"}},
      {"null", "", {"V:"}},
      {" true ", "", {"V:"}},
  });
}

TEST(Decode, WhiteSpaceAndByteOrderMarkAreSkipped) {
  ExpectRead({
      {" \t\r\n{ \"text\" : \"a\" , \"items\" : [ { } , { } ] } \n", "text: 'a' items {} items {}"},
      {"\xEF\xBB\xBF{\"text\":\"a\"}", "text: 'a'"},
  });
}

TEST(Decode, MalformedDocumentsFail) {
  std::vector<std::string> documents = msp::testing::Words(R"(
      { } [ ] {] [} {}{} {}, {}] []] nul tru truee nulll True NULL undefined NaN
      {"text":tru} {"text":nul} {"text":falsey} {"new":tru} {"new":[tru]}
      {"large":01} {"large":1.} {"large":.5} {"large":+1} {"large":1e} {"large":-}
      {"large":0x1} {"large":--1} {"new":01} {"new":{"a":1.}} {"settings":{"a":01}}
      {"text":"a"1} {"text"} {"text":} {"text":,} {:1} {,} {"text":1,} {,"text":1}
      {"text":1,,"flag":1} {"text"::1} {text:1} {'text':1} {1:1} {"words":[1,]}
      {"words":[,1]} {"words":[1:2]} {"words":[1} {"words":["a":1]} [1,,2] {"a":[}]
      {"text":"a} {"text":"a\"} {"text":"\ud800","large":01} {/*c*/} {}//
      {"text":"a";} {"text":"a"}} {"item":[} {"item":{]} {"item":[{]}
      {"items":[{"name":"a"} {"items":[{"name":"a"]} {"text":\"a\"}
      <html><body>502</body></html> OK
  )");
  documents.insert(documents.end(), {"",
                                     " ",
                                     "\n",
                                     "\xEF\xBB\xBF",
                                     "\xEF\xBB",
                                     "\xEF\xBB\xBF\xEF\xBB\xBF{}",
                                     "{} x",
                                     "{\"large\":1 2}",
                                     "{\"text\":1 \"a\"}",
                                     "{\"text\" 1}",
                                     "{\"words\":[1 2]}",
                                     "{\"text\":\"\xff}",
                                     "{\"text\":\"\xff\\\"}",
                                     "{\"text\":\"\xff\"",
                                     "{\"text\":\"\xff\"}}",
                                     "{\"text\":\"\xff\",\"large\":01}",
                                     "{\"text\":\"\t\",}",
                                     "{\"text\":\"\t\"\xff}",
                                     "{\"text\":\xff\"a\"}",
                                     "{\"large\":1\xff}",
                                     "{\"text\":\"a\xff\"\x01}",
                                     "\xff",
                                     "{}\xff",
                                     "{\x0c}",
                                     "{\"text\":1\x0b}",
                                     "// c\n{}",
                                     "{\"text\":\xC2\xA0"
                                     "1}"});
  for (const std::string& document : documents) {
    const DecodedMessage read(document);
    EXPECT_FALSE(read.ok) << document;
    EXPECT_THAT(read.error, ::testing::Not(IsEmpty())) << document;
  }
}

TEST(Decode, RawNulBytesAreMalformedOutsideOfTexts) {
  const std::string good = R"({"text":"a","large":1,"words":[true,null]})";
  bool in_text = false;
  for (std::size_t at = 0; at <= good.size(); ++at) {
    std::string json = good;
    json.insert(at, 1, '\0');
    EXPECT_EQ(DecodedMessage(json).ok, in_text) << at;
    if (at < good.size() && good[at] == '"') in_text = !in_text;
  }
}

TEST(Decode, ErrorsNeverQuoteTheDocument) {
  const DecodedMessage read(R"({"text":"4111111111111111" "secret"})");
  EXPECT_EQ(read.error, "no comma or end after a value near byte 27");
}

TEST(Decode, DepthIsBounded) {
  const auto nested = [](int depth, const char* key) {
    std::string json = "{" + std::string(key) + ":";
    for (int i = 1; i < depth; ++i) json += "[";
    for (int i = 1; i < depth; ++i) json += "]";
    return json + "}";
  };
  for (const char* key : {"\"new\"", "\"words\"", "\"item\"", "\"text\""}) {
    EXPECT_TRUE(DecodedMessage(nested(kDepthMax, key)).ok) << key;
    const DecodedMessage deeper(nested(kDepthMax + 1, key));
    EXPECT_FALSE(deeper.ok) << key;
    EXPECT_THAT(deeper.error, ::testing::HasSubstr("nested too deep"));
  }
  EXPECT_FALSE(DecodedMessage(std::string(1 << 20, '[')).ok);

  std::string parts;
  for (int i = 0; i < 200; ++i) parts += R"({"item":)";
  EXPECT_FALSE(DecodedMessage(parts).ok);
}

TEST(Decode, ElementsAreBoundedInTotal) {
  const auto list = [](std::size_t count, const std::string& element) {
    std::string json = "[";
    for (std::size_t i = 0; i < count; ++i) json += (i == 0 ? "" : ",") + element;
    return json + "]";
  };
  const auto expect = [](const std::string& fits, const std::string& more) {
    EXPECT_TRUE(DecodedMessage(fits).ok) << fits.substr(0, 40);
    const DecodedMessage bounded(more);
    EXPECT_FALSE(bounded.ok) << more.substr(0, 40);
    EXPECT_THAT(bounded.error, ::testing::HasSubstr("too many elements"));
  };
  constexpr std::size_t kMax = kDocumentElementsMax;
  expect("{\"items\":" + list(kMax, "{}") + "}", "{\"items\":" + list(kMax + 1, "{}") + "}");
  const std::string half = "{\"items\":" + list(kMax / 2, "{}") + ",\"counts\":";
  expect(half + list(kMax / 2, "1") + "}", half + list(kMax / 2 + 1, "1") + "}");
  const std::string values = "{\"settings\":{\"k\":";
  expect(values + list(kMax - 1, "{}") + "}}", values + list(kMax, "{}") + "}}");
  const auto members = [](std::size_t count) {
    std::string json = "{\"settings\":{\"0\":1";
    for (std::size_t i = 1; i < count; ++i) json += ",\"" + std::to_string(i) + "\":1";
    return json + "}}";
  };
  expect(members(kMax), members(kMax + 1));
}

TEST(Decode, LargeDocumentAfterSmallAndBack) {
  for (const std::size_t size : {10UL, 20'000UL, 500'000UL, 10UL, 300'000UL, 30'000UL}) {
    const DecodedMessage read(R"({"text":")" + std::string(size, 'x') + R"("})");
    ASSERT_TRUE(read.ok) << size;
    ASSERT_EQ(read.message.text().size(), size);
  }
}

TEST(Decode, DocumentWithoutSpareCapacityIsRead) {
  // An exact allocation; with AddressSanitizer a read beyond it would show.
  for (const char* text :
       {"{\"text\":\"a\"}", "12345", "{\"large\":1234567890}", "{\"text\":\"abc"}) {
    std::string json(text);
    json.shrink_to_fit();
    Everything message;
    Decode(SchemaOf<Everything>(), json, message);
  }
}

struct Redirected {
  Envelope envelope;
  Envelope nested;
  Reply reply;
  MemberRedirection redirection;
  DecodeResult decoded;
};

void Read(std::string json, const char* field, Redirected& out) {
  const MessageSchema& schema = SchemaOf<Reply>();
  out.redirection = {.key = "data",
                     .entry = field == nullptr ? nullptr : schema.Find(field),
                     .into = &out.reply,
                     .schema = &schema,
                     .nested = &out.nested};
  out.decoded = Decode(SchemaOf<Envelope>(), json, out.envelope, &out.redirection);
}

TEST(MemberRedirection, ReadsTheMemberWhereItIsWanted) {
  const struct {
    const char* json;
    const char* field;
    const char* envelope;
    const char* reply;
    bool present;
    bool fits;
    std::vector<std::string> drift = {};
  } kRows[] = {
      {R"({"success":true,"data":{"name":"a"}})", "item", "success: true", "item { name: 'a' }",
       true, true},
      {R"({"data":{"name":"a"},"success":true})", "item", "success: true", "item { name: 'a' }",
       true, true},
      {R"({"success":true})", "item", "success: true", "", false, false},
      {R"({"data":null})", "item", "", "", false, false},
      {R"({"data":""})", "item", "", "", false, false},
      {R"({"data":{}})", "item", "", "item {}", true, true},
      {R"({"data":[]})", "item", "", "item {}", true, true},
      {R"({"data":"text"})", "item", "", "", true, false, {"V:data"}},
      {R"({"data":5})", "item", "", "", true, false, {"V:data"}},
      {R"({"data":[{"name":"a"}]})", "item", "", "", true, false, {"V:data"}},
      {R"({"data":[{"name":"a"},{"name":"b"}]})", "items", "",
       "items { name: 'a' } items { name: 'b' }", true, true},
      {R"({"data":{"name":"a"}})", "items", "", "items { name: 'a' }", true, true},
      {R"({"data":{}})", "items", "", "", true, true},
      {R"({"data":[]})", "items", "", "", true, true},
      {R"({"data":{"any":[1]}})", "bag", "",
       "bag { fields { key: 'any' value { list_value { values { number_value: 1 } } } } }", true,
       true},
      {R"({"data":{"number":7,"items":[{"name":"a"}]}})", nullptr, "",
       "number: '7' items { name: 'a' }", true, true},
      {R"({"data":[]})", nullptr, "", "", true, true},
      {R"({"data":[1]})", nullptr, "", "", true, false, {"V:data"}},
      {R"({"data":{"odd":1}})", "item", "", "item {}", true, true, {"U:data.odd"}},
      // A member called data below the top level is a member like any other.
      {R"({"data":{"data":{"name":"a"}}})", "item", "", "item {}", true, true, {"U:data.data"}},
      // The last of two.
      {R"({"data":{"name":"a"},"data":{"quantity":2}})",
       "item",
       "",
       "item { quantity: 2 }",
       true,
       true,
       {"D:data"}},
      {R"({"data":{"name":"a"},"data":null})", "item", "", "", false, false, {"D:data"}},
      {R"({"data":{"number":"1"},"data":{}})", nullptr, "", "", true, true, {"D:data"}},
  };
  for (const auto& row : kRows) {
    Redirected read;
    Read(row.json, row.field, read);
    EXPECT_TRUE(read.decoded.ok) << row.json << read.decoded.error;
    EXPECT_THAT(read.envelope, MessageIs(row.envelope)) << row.json;
    EXPECT_THAT(read.reply, MessageIs(row.reply)) << row.json;
    EXPECT_EQ(read.redirection.present, row.present) << row.json;
    EXPECT_EQ(read.redirection.fits, row.fits) << row.json;
    EXPECT_EQ(Names(read.decoded.drift), row.drift) << row.json;
  }
}

TEST(MemberRedirection, MembersOfTheEnvelopeInsideAreKeptApartFromItsOwn) {
  const struct {
    const char* json;
    const char* envelope;
    const char* nested;
    std::vector<std::string> drift = {};
  } kRows[] = {
      {R"({"success":false,"data":{"error_code":1034,"error_info":"no"}})", "success: false",
       "error_code: '1034' error_info: 'no'"},
      {R"({"data":{"error_code":1034},"error_code":1006})", "error_code: '1006'",
       "error_code: '1034'"},
      {R"({"error_code":1006,"data":{"error_code":1034}})", "error_code: '1006'",
       "error_code: '1034'"},
      {R"({"error_code":null,"data":{"error_code":1034}})", "", "error_code: '1034'"},
      {R"({"success":true,"data":{"success":false}})", "success: true", "success: false"},
      {R"({"data":{"success":false},"success":true})", "success: true", "success: false"},
      {R"({"data":{"error_code":1,"error_code":2}})", "", "error_code: '2'", {"D:data.error_code"}},
      {R"({"data":{"error_code":1},"error_code":2,"data":{}})", "error_code: '2'", "", {"D:data"}},
      // Only an object's own level counts.
      {R"({"data":{"odd":{"success":false}}})", "", "", {"U:data.odd"}},
  };
  for (const auto& row : kRows) {
    Redirected read;
    Read(row.json, "item", read);
    EXPECT_TRUE(read.decoded.ok) << row.json << read.decoded.error;
    EXPECT_THAT(read.envelope, MessageIs(row.envelope)) << row.json;
    EXPECT_THAT(read.nested, MessageIs(row.nested)) << row.json;
    EXPECT_EQ(Names(read.decoded.drift), row.drift) << row.json;
  }
}

TEST(MemberRedirection, WithoutANestedMessageSuchMembersAreUnknown) {
  std::string json = R"({"data":{"error_code":1034}})";
  Envelope envelope;
  Reply reply;
  const MessageSchema& schema = SchemaOf<Reply>();
  MemberRedirection redirection{
      .key = "data", .entry = schema.Find("item"), .into = &reply, .schema = &schema};
  EXPECT_THAT(Names(Decode(SchemaOf<Envelope>(), json, envelope, &redirection).drift),
              ElementsAre("U:data.error_code"));
}

TEST(DecodeAll, ReadsFieldsOfOursAndOfPathAndQuery) {
  const std::string json =
      R"({"text":"a","in_path":"p","limit":5,"after":"x","grouped":true,"methods":["VISA"],"state":"COLOR_RED",)"
      R"("at":"2023-11-14T22:13:20.500Z","own_item":{"name":"o"},"plain":true,"times":["1970-01-01T00:00:00Z"]})";
  ExpectRead({{json,
               "text: 'a' in_path: 'p' limit: 5 after: 'x' grouped: true methods: 'VISA' "
               "state: COLOR_RED at { seconds: 1700000000 nanos: 500000000 } "
               "own_item { name: 'o' } plain: true times { seconds: 0 }"}},
             /*everything=*/true);
}

TEST(DecodeAll, TimesThatAreNoneAreUnfit) {
  for (const std::string bad : {"\"yesterday\"", "\"2023-11-14\"", "5", "true", "{}"})
    ExpectRead({{R"({"at":)" + bad + "}", "", {"V:at"}}}, /*everything=*/true);
}

}  // namespace
}  // namespace msp::codec
