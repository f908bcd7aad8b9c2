// SPDX-License-Identifier: Apache-2.0

#include "service/codec/message_schema.h"

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using testing::Everything;

TEST(MessageSchema, EveryFieldIsAnEntryInTheOrderOfTheProtoFile) {
  const MessageSchema& schema = SchemaOf<Everything>();
  ASSERT_EQ(schema.entries().size(),
            static_cast<std::size_t>(Everything::descriptor()->field_count()));
  for (std::size_t i = 0; i < schema.entries().size(); ++i) {
    EXPECT_EQ(schema.entries()[i].field, Everything::descriptor()->field(static_cast<int>(i)));
  }
}

TEST(MessageSchema, EveryKeyIsFoundAndNoOther) {
  const MessageSchema& schema = SchemaOf<Everything>();
  for (const FieldSchema& entry : schema.entries())
    EXPECT_EQ(schema.Find(entry.name), &entry) << entry.name;
  for (const char* other :
       {"", "tex", "text2", "texT", "Text", "renamed", "inPath", "secret_setting"}) {
    EXPECT_EQ(schema.Find(other), nullptr) << other;
  }
}

TEST(MessageSchema, FindNextFollowsTheDocumentsOrder) {
  const MessageSchema& schema = SchemaOf<Everything>();
  std::size_t expected = 0;
  EXPECT_EQ(schema.FindNext("text", expected), &schema.entries()[0]);
  EXPECT_EQ(expected, 1U);
  EXPECT_EQ(schema.FindNext("ratio", expected), &schema.entries()[6]);
  EXPECT_EQ(expected, 7U);
  EXPECT_EQ(schema.FindNext("nowhere", expected), nullptr);
  EXPECT_EQ(expected, 7U) << "an unknown member does not lose the place";
  EXPECT_EQ(schema.FindNext("blob", expected), &schema.entries()[7]);
  EXPECT_EQ(schema.FindNext("text", expected), &schema.entries()[0]) << "also backwards";
}

TEST(MessageSchema, KeyIsTheFieldNameUnlessJsonNameSaysOtherwise) {
  const MessageSchema& schema = SchemaOf<Everything>();
  EXPECT_NE(schema.Find("in_path"), nullptr) << "not inPath: only an explicit json_name counts";
  const FieldSchema* renamed = schema.Find("@re\"named");
  ASSERT_NE(renamed, nullptr);
  EXPECT_EQ(renamed->quoted, R"(,"@re\"named":)");
}

TEST(MessageSchema, OptionsAreRead) {
  const MessageSchema& schema = SchemaOf<Everything>();
  EXPECT_EQ(schema.Find("in_path")->location, multisafepay::v1::PLACE_PATH);
  EXPECT_FALSE(schema.Find("in_path")->in_body);
  EXPECT_TRUE(schema.Find("text")->in_body);
  EXPECT_TRUE(schema.Find("state")->service_only);
  EXPECT_FALSE(schema.Find("state")->in_body);
  EXPECT_EQ(schema.Find("secrets")->sensitive, multisafepay::v1::SENSITIVITY_AUTHENTICATION);
  const FieldSchema* name = schema.Find("item")->message->Find("name");
  EXPECT_EQ(name->limits.max_chars(), 5U);
  EXPECT_TRUE(name->limits.required());
}

TEST(MessageSchema, OneofMembersAreFieldsLikeOthers) {
  const MessageSchema& schema = SchemaOf<Everything>();
  EXPECT_EQ(schema.Find("left")->kind, Kind::kString);
  EXPECT_EQ(schema.Find("right")->kind, Kind::kInt64);
  EXPECT_EQ(schema.Find("middle")->kind, Kind::kMessage);
  EXPECT_EQ(schema.Find("choice"), nullptr);
}

TEST(MessageSchema, MessageThatContainsItselfHasOneSchema) {
  const MessageSchema& item = SchemaOf<testing::Item>();
  EXPECT_EQ(item.Find("parts")->message, &item);
  EXPECT_EQ(SchemaOf<Everything>().Find("item")->message, &item);
}

TEST(SchemaDeath, MessageOutsideTheSetAborts) {
  EXPECT_DEATH(TestSchemas().Of(google::protobuf::FileDescriptorProto::descriptor()),
               "not among the schema set");
}

TEST(SchemaDeath, MessageOfAnotherPoolAborts) {
  // Descriptors of other pools claim an explicit json_name for every field.
  google::protobuf::DescriptorPool pool;
  google::protobuf::FileDescriptorProto file;
  file.set_name("other.proto");
  file.add_message_type()->set_name("Other");
  const google::protobuf::FileDescriptor* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  const google::protobuf::Descriptor* other = built->message_type(0);
  EXPECT_DEATH(SchemaSet({other}), "generated pool");
}

TEST(SchemaDeath, MessageThatJsonCannotMirrorAborts) {
  EXPECT_DEATH(SchemaSet({google::protobuf::Struct::descriptor()}), "unsupported type");
}

}  // namespace
}  // namespace msp::codec
