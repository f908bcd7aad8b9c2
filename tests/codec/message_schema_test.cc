// SPDX-License-Identifier: Apache-2.0

#include "service/codec/message_schema.h"

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "tests/codec/schemas.h"

namespace msp::codec {
namespace {

using testing::Everything;

TEST(MessageSchema, EveryFieldIsAnEntryInTheOrderOfTheProtoFile) {
  const MessageSchema& plan = PlanOf<Everything>();
  ASSERT_EQ(plan.entries().size(),
            static_cast<std::size_t>(Everything::descriptor()->field_count()));
  for (std::size_t i = 0; i < plan.entries().size(); ++i) {
    EXPECT_EQ(plan.entries()[i].field, Everything::descriptor()->field(static_cast<int>(i)));
  }
}

TEST(MessageSchema, EveryKeyIsFoundAndNoOther) {
  const MessageSchema& plan = PlanOf<Everything>();
  for (const FieldSchema& entry : plan.entries())
    EXPECT_EQ(plan.Find(entry.name), &entry) << entry.name;
  for (const char* other :
       {"", "tex", "text2", "texT", "Text", "renamed", "inPath", "secret_setting"}) {
    EXPECT_EQ(plan.Find(other), nullptr) << other;
  }
}

TEST(MessageSchema, FindNextFollowsTheDocumentsOrder) {
  const MessageSchema& plan = PlanOf<Everything>();
  std::size_t expected = 0;
  EXPECT_EQ(plan.FindNext("text", expected), &plan.entries()[0]);
  EXPECT_EQ(expected, 1U);
  EXPECT_EQ(plan.FindNext("ratio", expected), &plan.entries()[6]);
  EXPECT_EQ(expected, 7U);
  EXPECT_EQ(plan.FindNext("nowhere", expected), nullptr);
  EXPECT_EQ(expected, 7U) << "an unknown member does not lose the place";
  EXPECT_EQ(plan.FindNext("blob", expected), &plan.entries()[7]);
  EXPECT_EQ(plan.FindNext("text", expected), &plan.entries()[0]) << "also backwards";
}

TEST(MessageSchema, KeyIsTheFieldNameUnlessJsonNameSaysOtherwise) {
  const MessageSchema& plan = PlanOf<Everything>();
  EXPECT_NE(plan.Find("in_path"), nullptr) << "not inPath: only an explicit json_name counts";
  const FieldSchema* renamed = plan.Find("@re\"named");
  ASSERT_NE(renamed, nullptr);
  EXPECT_EQ(renamed->quoted, R"(,"@re\"named":)");
}

TEST(MessageSchema, OptionsAreRead) {
  const MessageSchema& plan = PlanOf<Everything>();
  EXPECT_EQ(plan.Find("in_path")->location, multisafepay::v1::PLACE_PATH);
  EXPECT_FALSE(plan.Find("in_path")->in_body);
  EXPECT_TRUE(plan.Find("text")->in_body);
  EXPECT_TRUE(plan.Find("state")->service_only);
  EXPECT_FALSE(plan.Find("state")->in_body);
  EXPECT_EQ(plan.Find("secrets")->sensitive, multisafepay::v1::SENSITIVITY_AUTHENTICATION);
  const FieldSchema* name = plan.Find("item")->message->Find("name");
  EXPECT_EQ(name->limits.max_chars(), 5U);
  EXPECT_TRUE(name->limits.required());
}

TEST(MessageSchema, OneofMembersAreFieldsLikeOthers) {
  const MessageSchema& plan = PlanOf<Everything>();
  EXPECT_EQ(plan.Find("left")->kind, Kind::kString);
  EXPECT_EQ(plan.Find("right")->kind, Kind::kInt64);
  EXPECT_EQ(plan.Find("middle")->kind, Kind::kMessage);
  EXPECT_EQ(plan.Find("choice"), nullptr);
}

TEST(MessageSchema, MessageThatContainsItselfHasOnePlan) {
  const MessageSchema& item = PlanOf<testing::Item>();
  EXPECT_EQ(item.Find("parts")->message, &item);
  EXPECT_EQ(PlanOf<Everything>().Find("item")->message, &item);
}

TEST(PlanDeath, MessageOutsideTheSetAborts) {
  EXPECT_DEATH(TestPlans().Of(google::protobuf::FileDescriptorProto::descriptor()),
               "not among the schema set");
}

TEST(PlanDeath, MessageOfAnotherPoolAborts) {
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

TEST(PlanDeath, MessageThatJsonCannotMirrorAborts) {
  EXPECT_DEATH(SchemaSet({google::protobuf::Struct::descriptor()}), "unsupported type");
}

}  // namespace
}  // namespace msp::codec
