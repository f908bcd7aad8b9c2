// SPDX-License-Identifier: Apache-2.0

// What a log may show of each field of the schema, by its sensitivity, asserted on every field of
// every message that a call can carry; and that a field whose name sounds like a secret is marked.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "service/codec/message_schema.h"
#include "service/codec/redact.h"
#include "tests/golden/schema.h"

namespace msp {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using codec::Kind;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCard[] = "4539578763621486";
constexpr char kCardShown[] = "453957***1486";
constexpr char kText[] = "Qzxwvut";  // Stands in no name and no other value.

// Every message that a call can carry, by name.
std::map<std::string, const pb::Descriptor*> Messages() {
  std::map<std::string, const pb::Descriptor*> messages;
  const auto collect = [&](const auto& self, const pb::Descriptor* message) -> void {
    if (message->file()->package() != "multisafepay.v1" ||
        !messages.emplace(message->full_name(), message).second)
      return;
    for (int i = 0; i < message->field_count(); ++i) {
      if (const pb::Descriptor* inner = message->field(i)->message_type()) self(self, inner);
    }
  };
  for (const pb::FileDescriptor* file : ServiceFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        collect(collect, file->service(s)->method(m)->input_type());
        collect(collect, file->service(s)->method(m)->output_type());
      }
    }
  }
  return messages;
}

const codec::SchemaSet& Plans() {
  static const auto plans = [] {
    std::vector<const pb::Descriptor*> roots;
    for (const auto& [name, message] : Messages()) roots.push_back(message);
    return std::make_unique<codec::SchemaSet>(roots);
  }();
  return *plans;
}

// The message with this field alone, a text where the field holds one.
std::unique_ptr<pb::Message> With(const codec::FieldSchema& entry, const std::string& text) {
  const pb::FieldDescriptor* field = entry.field;
  std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(field->containing_type())->New());
  const pb::Reflection& set = *message->GetReflection();
  pb::Message& m = *message;
  const bool many = entry.repeated;
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      many ? set.AddString(&m, field, text) : set.SetString(&m, field, text);
      break;
    case pb::FieldDescriptor::CPPTYPE_INT32:
      many ? set.AddInt32(&m, field, 77) : set.SetInt32(&m, field, 77);
      break;
    case pb::FieldDescriptor::CPPTYPE_INT64:
      many ? set.AddInt64(&m, field, 77) : set.SetInt64(&m, field, 77);
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      many ? set.AddUInt32(&m, field, 77) : set.SetUInt32(&m, field, 77);
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      many ? set.AddUInt64(&m, field, 77) : set.SetUInt64(&m, field, 77);
      break;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      many ? set.AddDouble(&m, field, 77) : set.SetDouble(&m, field, 77);
      break;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      many ? set.AddBool(&m, field, true) : set.SetBool(&m, field, true);
      break;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      many ? set.AddEnumValue(&m, field, 1) : set.SetEnumValue(&m, field, 1);
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: {
      pb::Message* inner = many ? set.AddMessage(&m, field) : set.MutableMessage(&m, field);
      if (auto* object = dynamic_cast<pb::Struct*>(inner))
        (*object->mutable_fields())[text].set_string_value(text);
      break;
    }
    default:
      ADD_FAILURE() << "a type that the schema did not have: " << field->full_name();
  }
  return message;
}

std::string Json(const codec::FieldSchema& entry, const std::string& value) {
  return "{\"" + entry.name + "\":" + (entry.repeated ? "[" + value + "]" : value) + "}";
}

// What a log must show of a field that holds `kText`, or `kCard` for a card number.
std::string Expected(const codec::FieldSchema& entry, bool show_personal) {
  if (entry.kind == Kind::kStruct) return Json(entry, R"("***")");
  switch (entry.sensitive) {
    case v1::SENSITIVITY_CARDHOLDER:
      return Json(entry, std::string("\"") + kCardShown + "\"");
    case v1::SENSITIVITY_PERSONAL:
      if (show_personal) break;
      return Json(entry, entry.kind == Kind::kString ? R"("Q***")" : R"("***")");
    case v1::SENSITIVITY_AUTHENTICATION:
      return Json(entry, R"("***")");
    default:
      break;
  }
  return {};  // Shown as it is.
}

TEST(Secrets, EveryFieldShowsWhatItsSensitivityAllows) {
  std::map<v1::Sensitivity, int> seen;
  for (const auto& [name, descriptor] : Messages()) {
    const codec::MessageSchema& plan = Plans().Of(descriptor);
    for (const codec::FieldSchema& entry : plan.entries()) {
      SCOPED_TRACE(entry.field->full_name());
      ++seen[entry.sensitive];
      const bool card = entry.sensitive == v1::SENSITIVITY_CARDHOLDER;
      const auto message = With(entry, card ? kCard : kText);
      for (const bool show_personal : {false, true}) {
        const std::string shown =
            codec::Redacted(plan, *message, {.show_personal_data = show_personal});
        const std::string expected = Expected(entry, show_personal);
        if (!expected.empty()) {
          EXPECT_EQ(shown, expected);
        } else if (entry.kind == Kind::kString) {
          EXPECT_EQ(shown, Json(entry, std::string("\"") + kText + "\""));
        }
      }
    }
  }
  EXPECT_GE(seen[v1::SENSITIVITY_CARDHOLDER], 1);
  EXPECT_GE(seen[v1::SENSITIVITY_AUTHENTICATION], 10);
  EXPECT_GE(seen[v1::SENSITIVITY_PERSONAL], 80);
  EXPECT_GE(seen[v1::SENSITIVITY_UNSPECIFIED], 200);
}

// A card number in the wrong field is hidden there too: in a log whatever the field, in a dry run,
// which is for its caller's eyes, wherever the field is sensitive.
TEST(Secrets, NoFieldShowsACardNumberThatWasPutIntoIt) {
  const std::string cards[] = {kCard, "card 4539 5787 6362 1486 of Simon", "4539-5787-6362-1486",
                               "4539\t5787\n6362 1486"};
  int fields = 0;
  for (const auto& [name, descriptor] : Messages()) {
    const codec::MessageSchema& plan = Plans().Of(descriptor);
    for (const codec::FieldSchema& entry : plan.entries()) {
      if (entry.kind != Kind::kString && entry.kind != Kind::kStruct) continue;
      ++fields;
      for (const std::string& card : cards) {
        const auto message = With(entry, card);
        EXPECT_THAT(codec::Redacted(plan, *message),
                    AllOf(Not(HasSubstr("5787636")), Not(HasSubstr("5787"))))
            << entry.field->full_name();
        if (entry.sensitive == v1::SENSITIVITY_UNSPECIFIED || !entry.in_body) continue;
        EXPECT_THAT(codec::Redacted(plan, *message, {.body_only = true}), Not(HasSubstr("5787")))
            << entry.field->full_name();
      }
    }
  }
  EXPECT_GE(fields, 250);
}

TEST(Secrets, EveryFieldIsWipedByItsSensitivity) {
  for (const auto& [name, descriptor] : Messages()) {
    const codec::MessageSchema& plan = Plans().Of(descriptor);
    for (const codec::FieldSchema& entry : plan.entries()) {
      const auto message = With(entry, kCard);
      codec::Zeroize(plan, *message);
      const bool sensitive =
          entry.kind == Kind::kStruct || entry.sensitive != v1::SENSITIVITY_UNSPECIFIED;
      if (sensitive) {
        EXPECT_EQ(message->ByteSizeLong(), 0U) << entry.field->full_name();
      } else if (entry.kind == Kind::kString) {
        EXPECT_THAT(message->SerializeAsString(), HasSubstr(kCard)) << entry.field->full_name();
      }
    }
  }
}

// Words that make a name suspect, and how such a field has to be marked at least.
struct Suspect {
  std::string_view word;
  v1::Sensitivity least;
};
constexpr Suspect kSuspects[] = {
    {"card_number", v1::SENSITIVITY_CARDHOLDER},
    {"pan", v1::SENSITIVITY_CARDHOLDER},
    {"cvc", v1::SENSITIVITY_AUTHENTICATION},
    {"cvv", v1::SENSITIVITY_AUTHENTICATION},
    {"security", v1::SENSITIVITY_AUTHENTICATION},
    {"token", v1::SENSITIVITY_AUTHENTICATION},
    {"recurring_id", v1::SENSITIVITY_AUTHENTICATION},
    {"payload", v1::SENSITIVITY_AUTHENTICATION},
    {"cavv", v1::SENSITIVITY_AUTHENTICATION},
    {"xid", v1::SENSITIVITY_AUTHENTICATION},
    {"crypto", v1::SENSITIVITY_AUTHENTICATION},
    {"secret", v1::SENSITIVITY_AUTHENTICATION},
    {"password", v1::SENSITIVITY_AUTHENTICATION},
    {"api_key", v1::SENSITIVITY_AUTHENTICATION},
    {"signature", v1::SENSITIVITY_AUTHENTICATION},
    {"html", v1::SENSITIVITY_AUTHENTICATION},
    {"holder_name", v1::SENSITIVITY_PERSONAL},
    {"name_holder", v1::SENSITIVITY_PERSONAL},
    {"first_name", v1::SENSITIVITY_PERSONAL},
    {"last_name", v1::SENSITIVITY_PERSONAL},
    {"email", v1::SENSITIVITY_PERSONAL},
    {"phone", v1::SENSITIVITY_PERSONAL},
    {"iban", v1::SENSITIVITY_PERSONAL},
    {"bic", v1::SENSITIVITY_PERSONAL},
    {"bank_account", v1::SENSITIVITY_PERSONAL},
    {"birth", v1::SENSITIVITY_PERSONAL},
    {"gender", v1::SENSITIVITY_PERSONAL},
    {"address", v1::SENSITIVITY_PERSONAL},
    {"house_number", v1::SENSITIVITY_PERSONAL},
    {"zip", v1::SENSITIVITY_PERSONAL},
    {"city", v1::SENSITIVITY_PERSONAL},
    {"ip_", v1::SENSITIVITY_PERSONAL},
    {"user_agent", v1::SENSITIVITY_PERSONAL},
    {"expiry_date", v1::SENSITIVITY_PERSONAL},
};

// Suspects by their name alone. Each says why it may be shown.
const std::map<std::string_view, const char*> kInnocent = {
    {"page_token", "a place in a list"},
    {"next_page_token", "a place in a list"},
    {"resume_token", "a place in a stream"},
    {"cavv_results_code", "whether the cryptogram was right, not the cryptogram"},
    {"tokenization", "whether a method can store cards"},
};

bool Marked(v1::Sensitivity is, v1::Sensitivity least) {
  if (least == v1::SENSITIVITY_PERSONAL) return is != v1::SENSITIVITY_UNSPECIFIED;
  if (least == v1::SENSITIVITY_CARDHOLDER)
    return is == v1::SENSITIVITY_CARDHOLDER || is == v1::SENSITIVITY_AUTHENTICATION;
  return is == least;
}

// Whole words of a name: "pan" is not in "company".
bool HasWord(std::string_view name, std::string_view word) {
  for (std::size_t at = name.find(word); at != std::string_view::npos;
       at = name.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || name[at - 1] == '_';
    const bool ends = end == name.size() || name[end] == '_' || word.back() == '_' ||
                      (name[end] >= '0' && name[end] <= '9');
    if (starts && ends) return true;
  }
  return false;
}

TEST(Secrets, FieldsThatSoundLikeSecretsAreMarked) {
  std::set<std::string_view> innocent_seen;
  for (const auto& [name, descriptor] : Messages()) {
    for (const codec::FieldSchema& entry : Plans().Of(descriptor).entries()) {
      const std::string& field = entry.field->name();
      if (const auto innocent = kInnocent.find(field); innocent != kInnocent.end()) {
        innocent_seen.insert(innocent->first);
        continue;
      }
      if (entry.kind == Kind::kMessage || entry.kind == Kind::kBool) continue;
      for (const Suspect& suspect : kSuspects) {
        if (!HasWord(field, suspect.word)) continue;
        EXPECT_TRUE(Marked(entry.sensitive, suspect.least))
            << entry.field->full_name() << " is " << v1::Sensitivity_Name(entry.sensitive)
            << ", and should be " << v1::Sensitivity_Name(suspect.least);
      }
    }
  }
  EXPECT_EQ(innocent_seen.size(), kInnocent.size()) << "an exception that no field needs";
}

}  // namespace
}  // namespace msp
