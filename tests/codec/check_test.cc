// SPDX-License-Identifier: Apache-2.0

#include "service/codec/check.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "google/protobuf/arena.h"
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
  return Check(SchemaOf<Message>(), FromText<Message>(text));
}

// Shapes with its one required list filled, so that only the field under test can be wrong.
std::vector<std::string> ShapesFault(const std::string& text) {
  return Fields(CheckText<Shapes>("needed { name: 'a' } " + text));
}

// Texts between bars.
std::vector<std::string> Texts(const std::string& joined) { return absl::StrSplit(joined, '|'); }

TEST(Check, PatternsAcceptTheirShapesAndNothingElse) {
  const struct {
    std::string field;
    const char* quote;
    const char* good;
    const char* bad;
  } kRows[] = {
      {"line", "'", "one line||\\303\\251\\342\\202\\254", "a\\nb|a\\tb|a\\177|a\\302\\205"},
      {"id", "'", "my-order/1 2|...", " a|a |.|..|a\\nb|\\000"},
      {"url", "'", "http://a:80/?b=c&d#e", "http://a b|http://a\\r\\n"},
      {"key", "'", "aZ0._~-", "a b|a/b|\\303\\251"},
      {"currency", "'", "EUR|eur", "EU|EURO|E1R"},
      {"country", "'", "NL|", "N|NLD|31"},
      {"four", "'", "0000", "123|12345|12a4"},
      {"advice", "'", "anything at all", "\\001"},
      {"ratio", "", "0|100|0.5", "-0.1|100.1|nan|inf"},
      {"big", "", "5", "6|18446744073709551615"},
  };
  for (const auto& row : kRows) {
    const auto fault = [&](const std::string& text) {
      return ShapesFault(row.field + ": " + row.quote + text + row.quote);
    };
    for (const std::string& text : Texts(row.good))
      EXPECT_THAT(fault(text), IsEmpty()) << row.field << " " << text;
    for (const std::string& text : Texts(row.bad))
      EXPECT_THAT(fault(text), ElementsAre(row.field)) << text;
  }
  EXPECT_THAT(ShapesFault(""), IsEmpty());
  EXPECT_THAT(ShapesFault("tags: 'abc' tags: ''"), IsEmpty());
  EXPECT_THAT(ShapesFault("tags: 'ab' tags: 'abcd'"), ElementsAre("tags[1]"));
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
    std::string field;
    const char* good;
    const char* bad;
  } kRows[] = {
      {"number",
       "4111111111111111|4111 1111 1111 1111|374500000000015|6799990000000000011|"
       "0000000000000000000|000000000000",
       "4111111111111112|4111-1111-1111-1111|00000000000000000000|00000000000|41111111111111x1|"
       "                "},
      {"cvc", "123|0123", "12|12345|12a"},
      {"expiry", "2512|0001", "2500|2513|25-1|12/25"},
  };
  const auto check = [](const std::string& field, const std::string& text) {
    return CheckText<Everything>("card { " + field + ": '" + text + "' }");
  };
  for (const auto& [field, good, bad] : kRows) {
    for (const std::string& text : Texts(good)) EXPECT_THAT(check(field, text), IsEmpty()) << text;
    for (const std::string& text : Texts(bad)) {
      const auto violations = check(field, text);
      EXPECT_THAT(violations, Not(IsEmpty())) << field << " " << text;
      for (const Violation& violation : violations) {
        EXPECT_THAT(violation.field, ::testing::StartsWith("card."));
        EXPECT_THAT(violation.description, Not(HasSubstr("1111"))) << "the value is never repeated";
      }
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
        ASSERT_EQ(Check(SchemaOf<Everything>(), message).empty(), fine)
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
    const auto violations = Check(SchemaOf<Everything>(), message);
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
    return Fields(Check(SchemaOf<Everything>(), message));
  };
  EXPECT_THAT(nested(kNestingMax - 2), IsEmpty());
  EXPECT_THAT(nested(kNestingMax + 2), SizeIs(2));
}

TEST(Check, ElementsAreBoundedInTotal) {
  const auto check = [](Everything& message, const std::string& field) {
    EXPECT_THAT(Check(SchemaOf<Everything>(), message), IsEmpty()) << field;
    message.add_words("one more");
    message.mutable_own_item()->set_name("d");
    const auto violations = Check(SchemaOf<Everything>(), message);
    EXPECT_THAT(Fields(violations), ElementsAre(field));
    EXPECT_THAT(violations.at(0).description, HasSubstr(std::to_string(kElementsMax)));
  };
  constexpr int kHalf = static_cast<int>(kElementsMax / 2);
  Everything lists;
  for (int i = 0; i < kHalf; ++i) lists.add_words("a");
  for (int i = 0; i < kHalf; ++i) lists.add_counts(1);
  check(lists, "counts");
  Everything nested;
  nested.add_items()->set_name("a");
  for (int i = 1; i < 2 * kHalf; ++i) nested.mutable_items(0)->add_parts()->set_name("b");
  check(nested, "items[0].parts");
  Everything values;
  google::protobuf::Value& list = (*values.add_bags()->mutable_fields())["k"];
  for (int i = 2; i < 2 * kHalf; ++i) list.mutable_list_value()->add_values();
  check(values, "bags[0]");
  Everything members;
  members.add_bags();
  for (int i = 1; i < 2 * kHalf; ++i)
    (*members.mutable_bags(0)->mutable_fields())[std::to_string(i)].set_bool_value(true);
  check(members, "bags[0]");
}

TEST(Check, UnknownFieldsAreBounded) {
  const auto add = [](google::protobuf::UnknownFieldSet& fields) {
    for (std::size_t i = 0; i < kElementsMax - 1; ++i) fields.AddLengthDelimited(999);
  };
  const auto check = [](Everything& message, const std::string& field) {
    EXPECT_THAT(Check(SchemaOf<Everything>(), message), IsEmpty()) << field;
    message.add_words("a");
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(998, 1);
    EXPECT_THAT(Check(SchemaOf<Everything>(), message), SizeIs(1)) << field;
  };
  Everything top;
  add(*top.GetReflection()->MutableUnknownFields(&top));
  check(top, "at the top");
  Everything group;
  add(*group.GetReflection()->MutableUnknownFields(&group)->AddGroup(999));
  check(group, "in a group");
  Everything time;
  add(*time.GetReflection()->MutableUnknownFields(time.mutable_at()));
  check(time, "of a time");
  Everything members;
  add(*members.GetReflection()->MutableUnknownFields(members.mutable_settings()));
  check(members, "of a Struct");
}

// The last member of a oneof is in the message, and all earlier ones in its arena.
TEST(Check, MemoryThatAMessageDoesNotShowIsBounded) {
  google::protobuf::Arena arena;
  auto& message = *google::protobuf::Arena::CreateMessage<Everything>(&arena);
  google::protobuf::Value& value = (*message.mutable_settings()->mutable_fields())["k"];
  EXPECT_THAT(Check(SchemaOf<Everything>(), message), IsEmpty());
  while (arena.SpaceAllocated() <= kMessageMemoryMax) {
    value.mutable_list_value();
    value.mutable_struct_value();
  }
  EXPECT_THAT(Fields(Check(SchemaOf<Everything>(), message)), ElementsAre("(message)"));
}

TEST(Check, ViolationsAreBounded) {
  Shapes message;
  for (int i = 0; i < 1000; ++i) message.add_tags("too long");
  EXPECT_THAT(Check(SchemaOf<Shapes>(), message), SizeIs(kViolationsMax));
}

}  // namespace
}  // namespace msp::codec
