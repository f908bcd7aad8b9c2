// SPDX-License-Identifier: Apache-2.0

// Rules that the schema itself keeps. The rest of the service relies on them without looking.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/options.pb.h"
#include "service/codec/check.h"
#include "service/codec/message_schema.h"
#include "service/telemetry/metrics.h"
#include "tests/golden/schema.h"
#include "tests/testing/words.h"

namespace msp {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using pb::FieldDescriptor;

// Every field of every message that a call can carry.
std::vector<const FieldDescriptor*> Fields() {
  std::vector<const FieldDescriptor*> fields;
  for (const auto& [name, message] : Messages()) {
    for (int i = 0; i < message->field_count(); ++i) fields.push_back(message->field(i));
  }
  return fields;
}

bool Own(const FieldDescriptor* field) { return field->number() >= codec::kFirstServiceOnlyField; }

// Messages that are this service's own from end to end, whatever their fields' numbers.
bool OwnMessage(const pb::Descriptor* message) {
  static const std::set<std::string> kNames{"CallControl", "CallResult", "NextAction",
                                            "NoAction",    "Redirect",   "Form",
                                            "Decline",     "FullRefund", "QrCode"};
  return kNames.contains(message->name());
}

v1::Retry RetryOf(const pb::MethodDescriptor* method) {
  return method->options().GetExtension(v1::retry);
}

// Streams and notifications, too, are counted by their method.
TEST(Schema, MetricsHaveRoomForMoreMethods) { EXPECT_LT(Methods().size(), telemetry::kMethodsMax); }

TEST(Schema, EveryMethodSaysHowItMayBeRepeated) {
  for (const pb::MethodDescriptor* method : Methods()) {
    EXPECT_NE(RetryOf(method), v1::RETRY_UNSPECIFIED) << method->full_name();
    const bool reads = RetryOf(method) == v1::RETRY_READ;
    EXPECT_EQ(method->options().idempotency_level() == pb::MethodOptions::NO_SIDE_EFFECTS, reads)
        << method->full_name();
  }
}

TEST(Schema, MoneyMovingCallsCarryControlAndResult) {
  int money = 0;
  for (const pb::MethodDescriptor* method : Methods()) {
    const FieldDescriptor* control = method->input_type()->FindFieldByName("control");
    const FieldDescriptor* result = method->output_type()->FindFieldByName("result");
    const bool moves_money = RetryOf(method) == v1::RETRY_KEYED;
    ASSERT_EQ(control != nullptr, moves_money) << method->full_name();
    ASSERT_EQ(result != nullptr, moves_money) << method->full_name();
    if (!moves_money) continue;
    ++money;
    EXPECT_EQ(control->number(), 1000) << method->full_name();
    EXPECT_EQ(control->message_type(), v1::CallControl::descriptor()) << method->full_name();
    EXPECT_EQ(result->number(), 1000) << method->full_name();
    EXPECT_EQ(result->message_type(), v1::CallResult::descriptor()) << method->full_name();
  }
  // Which these are: Operations.WhatMovesMoneyGoesToItsDocumentedPath.
  EXPECT_GT(money, 0);
}

TEST(Schema, EveryMirroredScalarTellsZeroFromAbsent) {
  for (const FieldDescriptor* field : Fields()) {
    if (Own(field) || OwnMessage(field->containing_type()) || field->is_repeated()) continue;
    EXPECT_TRUE(field->has_presence()) << field->full_name();
  }
}

TEST(Schema, EveryMirroredValueSetStaysText) {
  for (const FieldDescriptor* field : Fields()) {
    if (Own(field) || OwnMessage(field->containing_type())) continue;
    EXPECT_NE(field->type(), FieldDescriptor::TYPE_ENUM) << field->full_name();
  }
}

TEST(Schema, FieldsAreNamedAsTheApiSpellsThem) {
  for (const FieldDescriptor* field : Fields()) {
    EXPECT_FALSE(field->has_json_name()) << field->full_name();
  }
}

TEST(Schema, WhatGoesIntoAPathIsRequiredAndChecked) {
  int paths = 0;
  for (const FieldDescriptor* field : Fields()) {
    if (field->options().GetExtension(v1::place) != v1::PLACE_PATH) continue;
    ++paths;
    const v1::Limits& limits = field->options().GetExtension(v1::limits);
    EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING) << field->full_name();
    EXPECT_TRUE(limits.required()) << field->full_name();
    EXPECT_EQ(limits.pattern(), v1::PATTERN_ID) << field->full_name();
    EXPECT_GT(limits.max_chars(), 0U) << field->full_name();
    EXPECT_LE(limits.max_chars(), 255U) << field->full_name();
  }
  EXPECT_GT(paths, 10);
}

// Whether the codec refuses `field` with the value that `set` gives it.
template <class Set>
bool Refuses(const codec::SchemaSet& schemas, const FieldDescriptor* field, const Set& set) {
  const pb::Descriptor* type = field->containing_type();
  const std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  set(*message->GetReflection(), *message);
  const auto violations = codec::Check(schemas.Of(type), *message);
  return std::any_of(violations.begin(), violations.end(), [&](const codec::Violation& violation) {
    return violation.field == field->name() || violation.field == field->name() + "[0]";
  });
}

TEST(Schema, ALimitIsCheckedUnlessItIsOnlyDocumented) {
  std::vector<const pb::Descriptor*> types;
  for (const auto& [name, message] : Messages()) types.push_back(message);
  const codec::SchemaSet schemas(types);
  int documented = 0;
  for (const FieldDescriptor* field : Fields()) {
    const v1::Limits& limits = field->options().GetExtension(v1::limits);
    const auto refuses_text = [&](const std::string& text) {
      return Refuses(schemas, field, [&](const pb::Reflection& set, pb::Message& message) {
        if (field->is_repeated()) return set.AddString(&message, field, text);
        set.SetString(&message, field, text);
      });
    };
    const auto refuses_number = [&](std::int64_t value) {
      return Refuses(schemas, field, [&](const pb::Reflection& set, pb::Message& message) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
          return set.SetInt64(&message, field, value);
        }
        ASSERT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_INT32) << field->full_name();
        set.SetInt32(&message, field, static_cast<std::int32_t>(value));
      });
    };
    const auto expect = [&](bool checked, bool only_documented, bool refused) {
      EXPECT_FALSE(checked && only_documented) << field->full_name() << " has both limits";
      if (checked || only_documented) {
        EXPECT_EQ(refused, checked) << field->full_name();
      }
      documented += only_documented ? 1 : 0;
    };
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      const auto chars = std::max(limits.max_chars(), limits.documented_max_chars());
      expect(limits.max_chars() != 0, limits.documented_max_chars() != 0,
             refuses_text(std::string(chars + 1, 'x')));
      // No pattern permits a space and a comma around a line feed.
      expect(limits.pattern() != v1::PATTERN_UNSPECIFIED,
             limits.documented_pattern() != v1::PATTERN_UNSPECIFIED, refuses_text(" \n,"));
    }
    if (limits.has_min() || limits.has_documented_min()) {
      expect(limits.has_min(), limits.has_documented_min(),
             refuses_number((limits.has_min() ? limits.min() : limits.documented_min()) - 1));
    }
    if (limits.has_max() || limits.has_documented_max()) {
      expect(limits.has_max(), limits.has_documented_max(),
             refuses_number((limits.has_max() ? limits.max() : limits.documented_max()) + 1));
    }
  }
  EXPECT_GT(documented, 40);
}

TEST(Schema, EveryOrderIdThatIsSentHasTheSameLimits) {
  for (const pb::MethodDescriptor* method : Methods()) {
    const FieldDescriptor* order_id = method->input_type()->FindFieldByName("order_id");
    if (order_id == nullptr) continue;
    const v1::Limits& limits = order_id->options().GetExtension(v1::limits);
    EXPECT_EQ(limits.max_chars(), 50U) << order_id->full_name();
    EXPECT_EQ(limits.pattern(), v1::PATTERN_ID) << order_id->full_name();
    EXPECT_TRUE(limits.required()) << order_id->full_name();
  }
}

TEST(Schema, IdentifiersAreText) {
  for (const FieldDescriptor* field : Fields()) {
    if (field->message_type() != nullptr) continue;
    const std::string& name = field->name();
    if (name == "id" || name.ends_with("_id") || name == "token" || name == "merchant") {
      EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING) << field->full_name();
    }
  }
}

// Card and personal data by name, wherever it occurs.
TEST(Schema, SecretsAreMarkedWhereverTheyOccur) {
  const std::pair<v1::Sensitivity, const char*> kRows[] = {
      {v1::SENSITIVITY_CARDHOLDER, "card_number"},
      {v1::SENSITIVITY_AUTHENTICATION,
       "card_cvc payment_token payload cavv html recurring_id token term_url events_token"},
      {v1::SENSITIVITY_PERSONAL,
       "card_holder_name account_holder_name account_holder_iban account_iban account_id "
       "bank_account iban first_name last_name name_holder email phone phone1 phone2 address1 "
       "address2 house_number zip_code birthday ip_address forwarded_ip reference payment_url "
       "session_id"},
  };
  std::map<std::string, v1::Sensitivity> marks;
  for (const auto& [mark, names] : kRows) {
    for (const std::string& name : msp::testing::Words(names)) marks[name] = mark;
  }
  std::set<std::string> found;
  for (const FieldDescriptor* field : Fields()) {
    if (field->type() != FieldDescriptor::TYPE_STRING) continue;
    if (const auto mark = marks.find(field->name()); mark != marks.end()) {
      found.insert(field->name());
      EXPECT_EQ(field->options().GetExtension(v1::sensitive), mark->second) << field->full_name();
    }
    if (field->name() == "card_expiry_date" || field->name() == "expiry_date") {
      EXPECT_NE(field->options().GetExtension(v1::sensitive), v1::SENSITIVITY_UNSPECIFIED)
          << field->full_name();
    }
  }
  EXPECT_EQ(found.size(), marks.size()) << "a name of the table is in no message";
}

// The `cvc` spelling is another library's mistake; a second place for a security code is one too
// many.
TEST(Schema, TheSecurityCodeHasOnePlace) {
  for (const FieldDescriptor* field : Fields()) EXPECT_NE(field->name(), "cvc");
}

TEST(Schema, RefundHasNoAmountByDefault) {
  const pb::Descriptor* request = v1::RefundOrderRequest::descriptor();
  const pb::OneofDescriptor* refund = request->FindFieldByName("amount")->real_containing_oneof();
  ASSERT_NE(refund, nullptr);
  EXPECT_EQ(refund, request->FindFieldByName("full")->real_containing_oneof());
  EXPECT_TRUE(Own(request->FindFieldByName("full")));
  EXPECT_EQ(request->FindFieldByName("amount")->options().GetExtension(v1::limits).min(), 1);
}

TEST(Schema, EveryMessageHasASchema) {
  std::vector<const pb::Descriptor*> roots;
  for (const pb::MethodDescriptor* method : Methods()) {
    roots.push_back(method->input_type());
    roots.push_back(method->output_type());
  }
  const codec::SchemaSet schemas(roots);
  for (const pb::Descriptor* root : roots) EXPECT_EQ(schemas.Of(root).descriptor(), root);
}

}  // namespace
}  // namespace msp
