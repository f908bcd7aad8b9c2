// SPDX-License-Identifier: Apache-2.0

// What a log may show of each field of the schema, by its sensitivity, asserted on every field of
// every message that a call can carry; and that a field whose name sounds like a secret is marked.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "multisafepay/v1/options.pb.h"
#include "service/codec/message_schema.h"
#include "service/codec/redact.h"
#include "tests/golden/schema.h"
#include "tests/testing/words.h"

namespace msp {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using codec::Kind;
using msp::testing::Words;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCard[] = "4539578763621486";
constexpr char kCardShown[] = "453957***1486";
constexpr char kText[] = "Qzxwvut";  // Stands in no name and no other value.

const codec::SchemaSet& Schemas() {
  static const auto schemas = [] {
    std::vector<const pb::Descriptor*> roots;
    for (const auto& [name, message] : Messages()) roots.push_back(message);
    return std::make_unique<codec::SchemaSet>(roots);
  }();
  return *schemas;
}

// The message with this field alone, a text where the field holds one.
std::unique_ptr<pb::Message> With(const codec::FieldSchema& entry, const std::string& text) {
  std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(entry.field->containing_type())->New());
  const std::string quoted = "\"" + absl::CEscape(text) + "\"";
  std::string value = "77";
  switch (entry.field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      value = quoted;
      break;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      value = "1";
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      value = entry.kind != Kind::kStruct
                  ? "{}"
                  : "{ fields { key: " + quoted + " value { string_value: " + quoted + " } } }";
      break;
    default:
      break;
  }
  EXPECT_TRUE(pb::TextFormat::ParseFromString(entry.field->name() + ": " + value, message.get()))
      << entry.field->full_name();
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
    const codec::MessageSchema& schema = Schemas().Of(descriptor);
    for (const codec::FieldSchema& entry : schema.entries()) {
      SCOPED_TRACE(entry.field->full_name());
      ++seen[entry.sensitive];
      const bool card = entry.sensitive == v1::SENSITIVITY_CARDHOLDER;
      const auto message = With(entry, card ? kCard : kText);
      for (const bool show_personal : {false, true}) {
        const std::string shown =
            codec::Redacted(schema, *message, {.show_personal_data = show_personal});
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
    const codec::MessageSchema& schema = Schemas().Of(descriptor);
    for (const codec::FieldSchema& entry : schema.entries()) {
      if (entry.kind != Kind::kString && entry.kind != Kind::kStruct) continue;
      ++fields;
      for (const std::string& card : cards) {
        const auto message = With(entry, card);
        EXPECT_THAT(codec::Redacted(schema, *message),
                    AllOf(Not(HasSubstr("5787636")), Not(HasSubstr("5787"))))
            << entry.field->full_name();
        if (entry.sensitive == v1::SENSITIVITY_UNSPECIFIED || !entry.in_body) continue;
        EXPECT_THAT(codec::Redacted(schema, *message, {.body_only = true}), Not(HasSubstr("5787")))
            << entry.field->full_name();
      }
    }
  }
  EXPECT_GE(fields, 250);
}

TEST(Secrets, EveryFieldIsZeroizedByItsSensitivity) {
  for (const auto& [name, descriptor] : Messages()) {
    const codec::MessageSchema& schema = Schemas().Of(descriptor);
    for (const codec::FieldSchema& entry : schema.entries()) {
      const auto message = With(entry, kCard);
      codec::Zeroize(schema, *message);
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

// Words that make a name suspect, by how such a field has to be marked at least.
const std::map<v1::Sensitivity, std::vector<std::string>> kSuspects = {
    {v1::SENSITIVITY_CARDHOLDER, Words("card_number pan")},
    {v1::SENSITIVITY_AUTHENTICATION,
     Words("cvc cvv security token recurring_id payload cavv xid crypto secret password api_key "
           "signature html")},
    {v1::SENSITIVITY_PERSONAL,
     Words("holder_name name_holder first_name last_name email phone iban bic bank_account birth "
           "gender address house_number zip city ip_ user_agent expiry_date")},
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
    for (const codec::FieldSchema& entry : Schemas().Of(descriptor).entries()) {
      const std::string& field = entry.field->name();
      if (const auto innocent = kInnocent.find(field); innocent != kInnocent.end()) {
        innocent_seen.insert(innocent->first);
        continue;
      }
      if (entry.kind == Kind::kMessage || entry.kind == Kind::kBool) continue;
      for (const auto& [least, words] : kSuspects) {
        if (std::none_of(words.begin(), words.end(),
                         [&](const std::string& word) { return HasWord(field, word); }))
          continue;
        EXPECT_TRUE(Marked(entry.sensitive, least))
            << entry.field->full_name() << " is " << v1::Sensitivity_Name(entry.sensitive)
            << ", and should be " << v1::Sensitivity_Name(least);
      }
    }
  }
  EXPECT_EQ(innocent_seen.size(), kInnocent.size()) << "an exception that no field needs";
}

}  // namespace
}  // namespace msp
