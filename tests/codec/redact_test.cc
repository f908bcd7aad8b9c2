// SPDX-License-Identifier: Apache-2.0

#include "service/codec/redact.h"

#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using testing::Everything;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Masked(std::string_view text, RedactOptions options = {}) {
  return Redacted(SchemaOf<Everything>(), FromText<Everything>(text), options);
}

TEST(Redacted, MasksBySensitivity) {
  const std::pair<const char*, const char*> kRows[] = {
      {"text: 'open' large: 5", R"({"text":"open","large":5})"},
      {"card { number: '4111111111111111' }", R"({"card":{"number":"411111***1111"}})"},
      {"card { number: '4111 1111 1111 1111' }", R"({"card":{"number":"411111***1111"}})"},
      {"card { number: '374500000000015' }", R"({"card":{"number":"374500***0015"}})"},
      {"card { number: '4111111111111' }", R"({"card":{"number":"411111***1111"}})"},
      {"card { number: '411111111111' }", R"({"card":{"number":"***"}})"},
      {"card { number: '41111111111111111111' }", R"({"card":{"number":"***"}})"},
      {"card { number: 'visa 4111111111111111' }", R"({"card":{"number":"***"}})"},
      {"card { number: '' }", R"({"card":{"number":"***"}})"},
      {"card { cvc: '123' }", R"({"card":{"cvc":"***"}})"},
      {"card { cvc: '1' }", R"({"card":{"cvc":"***"}})"},
      {"card { holder: 'Simon Smit' }", R"({"card":{"holder":"S***"}})"},
      {"card { holder: '\\303\\211mile' }", "{\"card\":{\"holder\":\"\xC3\x89***\"}}"},
      {"card { holder: '' }", R"({"card":{"holder":"***"}})"},
      {"secrets: 'a' secrets: 'b'", R"({"secrets":["***","***"]})"},
      {"secret_number: 7", R"({"secret_number":"***"})"},
      {"secret_item { name: 'x' }", R"({"secret_item":"***"})"},
      {"settings { fields { key: 'token' value { string_value: 'x' } } }", R"({"settings":"***"})"},
      {"bags {} bags {}", R"({"bags":["***","***"]})"},
      {"in_path: 'p' state: COLOR_RED nothing {}",
       R"({"nothing":{},"in_path":"p","state":"COLOR_RED"})"},
  };
  for (const auto& [message, json] : kRows) EXPECT_EQ(Masked(message), json) << message;
}

TEST(Redacted, PersonalDataIsShownOnlyWhenAsked) {
  const RedactOptions show{.show_personal_data = true};
  EXPECT_EQ(
      Masked("card { number: '4111111111111111' cvc: '123' holder: 'Simon' } secret_number: 7 "
             "settings { fields { key: 'k' value { string_value: 'x' } } }",
             show),
      R"({"card":{"number":"411111***1111","cvc":"***","holder":"Simon"},"settings":"***","secret_number":7})");
}

TEST(Redacted, IsOneLineOfValidText) {
  Everything message;
  message.set_text("a\nb\r\x1b[31m");
  EXPECT_EQ(Redacted(SchemaOf<Everything>(), message), R"({"text":"a\nb\r\u001b[31m"})");
  message.Clear();
  message.mutable_card()->set_holder("\xff\xff");
  EXPECT_EQ(Redacted(SchemaOf<Everything>(), message), R"({"card":{"holder":"***"}})");
}

// Messages on an arena: a zeroized string's buffer can be read while the arena lives.
class OnArena {
 public:
  explicit OnArena(std::string_view text)
      : message_(google::protobuf::Arena::CreateMessage<Everything>(&arena_)) {
    *message_ = FromText<Everything>(text);
  }
  Everything& operator*() { return *message_; }
  Everything* operator->() { return message_; }

 private:
  google::protobuf::Arena arena_;
  Everything* message_;
};

TEST(Zeroize, OverwritesTheMemoryOfSensitiveTexts) {
  OnArena message(
      "text: 'stays' card { number: '4111111111111111' cvc: '123' expiry: '2512' holder: 'Simon' } "
      "secrets: 'a long secret that is on the heap' secret_number: 7 "
      "secret_item { name: 'a long item name on the heap' parts { name: 'part' } }");
  const std::vector<std::string_view> buffers = {
      message->card().number(),      message->card().cvc(),
      message->card().holder(),      message->secrets(0),
      message->secret_item().name(), message->secret_item().parts(0).name()};
  Zeroize(SchemaOf<Everything>(), *message);
  EXPECT_THAT(*message, MessageIs("text: 'stays' card { expiry: '2512' }"));
  for (const std::string_view buffer : buffers) {
    EXPECT_EQ(buffer, std::string(buffer.size(), '\0'));
  }
}

TEST(Zeroize, OverwritesWhatAClearLeftBehind) {
  OnArena message("");
  message->mutable_card()->set_number("4111111111111111 on the heap");
  message->mutable_secret_item()->set_name("a name on the heap, long enough");
  const std::string_view number = message->card().number();
  const std::string_view name = message->secret_item().name();
  message->mutable_card()->clear_number();
  message->mutable_secret_item()->clear_name();
  ASSERT_EQ(number.substr(1, 15), "111111111111111") << "clearing alone overwrites nothing";
  Zeroize(SchemaOf<Everything>(), *message);
  EXPECT_EQ(number, std::string(number.size(), '\0'));
  EXPECT_EQ(name, std::string(name.size(), '\0'));
}

TEST(Zeroize, LeavesTheSharedDefaultAlone) {
  Everything empty;
  Zeroize(SchemaOf<Everything>(), empty);
  empty.mutable_card();
  empty.add_cards();
  empty.mutable_middle();
  Zeroize(SchemaOf<Everything>(), empty);
  EXPECT_EQ(Everything().text(), "");
  EXPECT_EQ(testing::Card::default_instance().number().size(), 0U);
  Everything other;
  other.set_text("still works");
  EXPECT_EQ(other.text(), "still works");
  EXPECT_THAT(empty, MessageIs("card {} cards {} middle {}"));
}

TEST(Zeroize, EmptiesStructsAndUnknownFields) {
  Everything message = FromText<Everything>(
      "settings { fields { key: 'k' value { string_value: 'x' } } fields { key: 'l' value { "
      "list_value { values { "
      "string_value: 'y' } values { struct_value { fields { key: 'z' value { string_value: 'z' } } "
      "} } } } } } "
      "bags { fields { key: 'b' value {} } } text: 'stays'");
  message.mutable_item()
      ->GetReflection()
      ->MutableUnknownFields(message.mutable_item())
      ->AddLengthDelimited(99, "4111111111111111");
  message.GetReflection()->MutableUnknownFields(&message)->AddGroup(98)->AddLengthDelimited(
      1, "secret");
  Zeroize(SchemaOf<Everything>(), message);
  EXPECT_THAT(message, MessageIs("text: 'stays' item {}"));
  EXPECT_EQ(message.SerializeAsString().find("4111"), std::string::npos);
  EXPECT_EQ(message.SerializeAsString().find("secret"), std::string::npos);
}

TEST(Zeroize, ReachesListsAndOneofs) {
  Everything message = FromText<Everything>(
      "cards { number: '1' cvc: '2' last4: '3333' } cards { holder: 'x' } own_item { name: 'a' } "
      "left: 'l'");
  Zeroize(SchemaOf<Everything>(), message);
  EXPECT_THAT(message,
              MessageIs("cards { last4: '3333' } cards {} own_item { name: 'a' } left: 'l'"));
}

TEST(Zeroize, WorksWithoutAnArena) {
  Everything message =
      FromText<Everything>("card { number: '4111111111111111' last4: '1111' } left: 'l'");
  Zeroize(SchemaOf<Everything>(), message);
  EXPECT_THAT(message, MessageIs("card { last4: '1111' } left: 'l'"));
}

}  // namespace
}  // namespace msp::codec
