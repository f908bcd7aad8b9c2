// SPDX-License-Identifier: Apache-2.0

#include "service/codec/check.h"

#include <limits>

#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using ::testing::ElementsAre;
using testing::Everything;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Shapes;
using ::testing::SizeIs;

std::vector<std::string> Fields(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

template <class Message>
std::vector<Violation> CheckText(std::string_view text) {
  return Check(PlanOf<Message>(), FromText<Message>(text));
}

// Shapes with its one required list filled, so that only the field under test can be wrong.
std::vector<std::string> ShapesFault(const std::string& text) {
  return Fields(CheckText<Shapes>("needed { name: 'a' } " + text));
}

TEST(Check, PatternsAcceptTheirShapes) {
  for (const char* good : {
           "",
           "line: 'one line'",
           "id: 'my-order/1 2'",
           "id: '...'",
           "url: 'http://a:80/?b=c&d#e'",
           "key: 'aZ0._~-'",
           "currency: 'EUR'",
           "currency: 'eur'",
           "country: 'NL'",
           "four: '0000'",
           "advice: 'anything at all'",
           "ratio: 0",
           "ratio: 100",
           "ratio: 0.5",
           "tags: 'abc' tags: ''",
           "big: 5",
           "line: ''",
           "country: ''",
           "line: '\\303\\251\\342\\202\\254'",
       }) {
    EXPECT_THAT(ShapesFault(good), IsEmpty()) << good;
  }
}

TEST(Check, PatternsRefuseEverythingElse) {
  const struct {
    const char* message;
    const char* field;
  } kRows[] = {
      {"line: 'a\\nb'", "line"},
      {"line: 'a\\tb'", "line"},
      {"line: 'a\\177'", "line"},
      {"line: 'a\\302\\205'", "line"},
      {"id: ' a'", "id"},
      {"id: 'a '", "id"},
      {"id: '.'", "id"},
      {"id: '..'", "id"},
      {"id: 'a\\nb'", "id"},
      {"id: '\\000'", "id"},
      {"url: 'http://a b'", "url"},
      {"url: 'http://a\\r\\n'", "url"},
      {"key: 'a b'", "key"},
      {"key: 'a/b'", "key"},
      {"key: '\\303\\251'", "key"},
      {"currency: 'EU'", "currency"},
      {"currency: 'EURO'", "currency"},
      {"currency: 'E1R'", "currency"},
      {"country: 'N'", "country"},
      {"country: 'NLD'", "country"},
      {"country: '31'", "country"},
      {"four: '123'", "four"},
      {"four: '12345'", "four"},
      {"four: '12a4'", "four"},
      {"ratio: -0.1", "ratio"},
      {"ratio: 100.1", "ratio"},
      {"ratio: nan", "ratio"},
      {"ratio: inf", "ratio"},
      {"tags: 'ab' tags: 'abcd'", "tags[1]"},
      {"big: 6", "big"},
      {"big: 18446744073709551615", "big"},
      {"advice: '\\001'", "advice"},
  };
  for (const auto& row : kRows)
    EXPECT_THAT(ShapesFault(row.message), ElementsAre(row.field)) << row.message;
}

TEST(Check, LengthsCountCodePoints) {
  EXPECT_THAT(ShapesFault("id: '" + std::string(50, 'x') + "'"), IsEmpty());
  EXPECT_THAT(ShapesFault("id: '" + std::string(51, 'x') + "'"), ElementsAre("id"));
  std::string euros;
  for (int i = 0; i < 50; ++i) euros += "\xE2\x82\xAC";
  EXPECT_THAT(ShapesFault("id: '" + euros + "'"), IsEmpty());
  EXPECT_THAT(ShapesFault("id: '" + euros + "x'"), ElementsAre("id"));
}

TEST(Check, CardsAreCheckedByShape) {
  const struct {
    const char* card;
    bool good;
  } kRows[] = {
      {"number: '4111111111111111'", true},
      {"number: '4111 1111 1111 1111'", true},
      {"number: '374500000000015'", true},
      {"number: '6799990000000000011'", true},
      {"number: '4111111111111112'", false},
      {"number: '4111-1111-1111-1111'", false},
      {"number: '0000000000000000000'", true},
      {"number: '00000000000000000000'", false},
      {"number: '00000000000'", false},
      {"number: '000000000000'", true},
      {"number: '41111111111111x1'", false},
      {"number: '                '", false},
      {"cvc: '123'", true},
      {"cvc: '0123'", true},
      {"cvc: '12'", false},
      {"cvc: '12345'", false},
      {"cvc: '12a'", false},
      {"expiry: '2512'", true},
      {"expiry: '0001'", true},
      {"expiry: '2500'", false},
      {"expiry: '2513'", false},
      {"expiry: '25-1'", false},
      {"expiry: '12/25'", false},
      {"last4: 'advice only'", true},
  };
  for (const auto& row : kRows) {
    const auto violations = CheckText<Everything>("card { " + std::string(row.card) + " }");
    EXPECT_EQ(violations.empty(), row.good) << row.card;
    for (const Violation& violation : violations) {
      EXPECT_THAT(violation.field, ::testing::StartsWith("card."));
      EXPECT_THAT(violation.description, Not(HasSubstr("1111"))) << "the value is never repeated";
    }
  }
}

TEST(Check, RequiredIsCheckedWhereTheMessageIsPresent) {
  EXPECT_THAT(Fields(CheckText<Shapes>("")), ElementsAre("needed"));
  EXPECT_THAT(Fields(CheckText<Shapes>("needed {} needed { name: '' } needed { name: 'a' }")),
              ElementsAre("needed[0].name", "needed[1].name"));
  EXPECT_THAT(CheckText<Everything>(""), IsEmpty()) << "item.name is required only inside an item";
  EXPECT_THAT(Fields(CheckText<Everything>("item {}")), ElementsAre("item.name"));
}

TEST(Check, PathsNameTheWayToTheField) {
  EXPECT_THAT(
      Fields(CheckText<Everything>("items { name: 'a' } items { name: 'b' parts { name: 'c' "
                                   "quantity: 11 } parts { name: 'toolong' } } "
                                   "own_item { name: 'd' quantity: 0 }")),
      ElementsAre("items[1].parts[0].quantity", "items[1].parts[1].name", "own_item.quantity"));
}

TEST(Check, ControlCharactersAreRefusedInEveryText) {
  EXPECT_THAT(CheckText<Everything>("text: 'tab\\t line\\n feed\\r'"), IsEmpty());
  for (const char* bad :
       {"text: '\\000'", "text: 'a\\033[0m'", "text: '\\177'", "text: 'a\\302\\200'"}) {
    EXPECT_THAT(Fields(CheckText<Everything>(bad)), ElementsAre("text")) << bad;
  }
  EXPECT_THAT(CheckText<Everything>("text: 'a\\302\\240b'"), IsEmpty())
      << "a no-break space is no control";
}

TEST(Check, EveryControlCharacterIsSeenAtEveryPosition) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 0x80; ++c) {
        const bool fine = c >= 0x20 ? c != 0x7F : c == '\t' || c == '\n' || c == '\r';
        Everything message;
        std::string text(size, '~');
        text[at] = static_cast<char>(c);
        message.set_text(text);
        ASSERT_EQ(Check(PlanOf<Everything>(), message).empty(), fine)
            << size << " " << at << " " << c;
      }
    }
  }
}

TEST(Check, InvalidUtf8IsRefused) {
  for (const char* bad :
       {"\xff", "ok\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) {
    Everything message;
    message.set_text(bad);
    const auto violations = Check(PlanOf<Everything>(), message);
    ASSERT_THAT(violations, SizeIs(1));
    EXPECT_EQ(violations[0].description, "must be valid UTF-8");
  }
}

TEST(Check, StructContentIsCheckedWithoutBeingNamed) {
  EXPECT_THAT(
      CheckText<Everything>("settings { fields { key: 'k' value { string_value: 'a\\nb' } } }"),
      IsEmpty());
  for (const char* bad : {
           "fields { key: 'secret' value { string_value: '\\001' } }",
           "fields { key: 'secret\\001' value {} }",
           "fields { key: 'secret' value { number_value: nan } }",
           "fields { key: 'secret' value { list_value { values { number_value: inf } } } }",
           "fields { key: 'secret' value { struct_value { fields { key: 'x' value { string_value: "
           "'\\001' } } } } }",
       }) {
    EXPECT_THAT(Fields(CheckText<Everything>("settings { " + std::string(bad) + " }")),
                ElementsAre("settings"))
        << bad;
  }
}

TEST(Check, NestingIsBounded) {
  const auto nested = [](int depth) {
    Everything message;
    google::protobuf::Value* value = &(*message.mutable_settings()->mutable_fields())["k"];
    for (int i = 0; i < depth; ++i) value = value->mutable_list_value()->add_values();
    testing::Item* item = message.mutable_item();
    for (int i = 0; i < depth; ++i) {
      item->set_name("a");
      item = item->add_parts();
    }
    item->set_name("a");
    return Fields(Check(PlanOf<Everything>(), message));
  };
  EXPECT_THAT(nested(kNestingMax - 2), IsEmpty());
  EXPECT_THAT(nested(kNestingMax + 2), SizeIs(2));
}

TEST(Check, ViolationsAreBounded) {
  Shapes message;
  for (int i = 0; i < 1000; ++i) message.add_tags("too long");
  EXPECT_THAT(Check(PlanOf<Shapes>(), message), SizeIs(kViolationsMax));
}

}  // namespace
}  // namespace msp::codec
