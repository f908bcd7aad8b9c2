// SPDX-License-Identifier: Apache-2.0

#include "client/cli/fields.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "multisafepay/v1/control.pb.h"
#include "multisafepay/v1/options.pb.h"
#include "service/base/text.h"

namespace msp::cli {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;
using pb::FieldDescriptor;

bool IsSecret(const FieldDescriptor& field) {
  const v1::Sensitivity sensitive = field.options().GetExtension(v1::sensitive);
  return sensitive == v1::SENSITIVITY_CARDHOLDER || sensitive == v1::SENSITIVITY_AUTHENTICATION;
}

bool IsControl(const FieldDescriptor& field) {
  return field.message_type() == v1::CallControl::descriptor();
}

bool IsEmptyMessage(const FieldDescriptor& field) {
  return field.message_type() != nullptr && field.message_type()->field_count() == 0;
}

bool MakesFlag(const FieldDescriptor& field) {
  if (field.is_repeated() || IsSecret(field)) return false;
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_BOOL:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_ENUM:
      return true;
    default:
      return IsEmptyMessage(field);
  }
}

FieldFlag FlagOf(const FieldDescriptor& field, bool in_control) {
  std::string name = field.name();
  std::replace(name.begin(), name.end(), '_', '-');
  const bool is_switch = field.type() == FieldDescriptor::TYPE_BOOL || IsEmptyMessage(field);
  return {std::move(name), &field, in_control, is_switch};
}

template <class Number>
absl::Status ParseNumber(std::string_view text, Number* number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  if (error == std::errc() && stop == end) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "must be a whole number; amounts are in minor units (500 is EUR 5.00)");
}

absl::Status ParseBool(std::string_view text, bool* value) {
  *value = text == "true";
  if (text == "true" || text == "false") return absl::OkStatus();
  return absl::InvalidArgumentError("must be true or false");
}

// A value's name, or its last part in any case: "post" for CANCEL_METHOD_POST.
absl::Status SetEnum(const FieldDescriptor& field, std::string_view text, pb::Message& message) {
  std::string names;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *field.enum_type()->value(i);
    const std::string last =
        absl::AsciiStrToLower(value.name().substr(value.name().rfind('_') + 1));
    if (text == value.name() ||
        absl::EqualsIgnoreCase(absl::string_view(text.data(), text.size()), last)) {
      message.GetReflection()->SetEnum(&message, &field, &value);
      return absl::OkStatus();
    }
    if (value.number() != 0) absl::StrAppend(&names, names.empty() ? "" : ", ", last);
  }
  return absl::InvalidArgumentError(absl::StrCat("must be one of: ", names));
}

absl::Status Set(const FieldDescriptor& field, std::string_view text, pb::Message& message) {
  const pb::Reflection& set = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      std::int32_t number = 0;
      if (absl::Status status = ParseNumber(text, &number); !status.ok()) return status;
      set.SetInt32(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      std::int64_t number = 0;
      if (absl::Status status = ParseNumber(text, &number); !status.ok()) return status;
      set.SetInt64(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(field, text, message);
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        std::string bytes;
        if (!Base64Decode(text, &bytes)) return absl::InvalidArgumentError("must be base64");
        set.SetString(&message, &field, std::move(bytes));
        return absl::OkStatus();
      }
      set.SetString(&message, &field, std::string(text));
      return absl::OkStatus();
    default: {
      bool value = false;
      if (absl::Status status = ParseBool(text, &value); !status.ok()) return status;
      if (field.message_type() == nullptr) {
        set.SetBool(&message, &field, value);
      } else if (value) {
        set.MutableMessage(&message, &field);
      }
      return absl::OkStatus();
    }
  }
}

}  // namespace

std::vector<FieldFlag> FlagsOf(const pb::Descriptor& request) {
  std::vector<FieldFlag> flags;
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (IsControl(field)) {
      const pb::Descriptor& control = *field.message_type();
      for (int k = 0; k < control.field_count(); ++k)
        flags.push_back(FlagOf(*control.field(k), /*in_control=*/true));
    } else if (MakesFlag(field)) {
      flags.push_back(FlagOf(field, /*in_control=*/false));
    }
  }
  return flags;
}

absl::Status SetField(const FieldFlag& flag, std::string_view text, pb::Message& request) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  const pb::Reflection& reflection = *request.GetReflection();
  if (flag.in_control) {
    const FieldDescriptor* control = request.GetDescriptor()->FindFieldByName("control");
    return Set(*flag.field, text, *reflection.MutableMessage(&request, control));
  }
  if (const pb::OneofDescriptor* choice = flag.field->real_containing_oneof()) {
    const FieldDescriptor* other = reflection.GetOneofFieldDescriptor(request, choice);
    if (other != nullptr && other != flag.field) {
      return absl::InvalidArgumentError(absl::StrCat("cannot be combined with ", other->name()));
    }
  }
  return Set(*flag.field, text, request);
}

absl::Status SetPositional(std::string_view name, std::string_view text, pb::Message& request) {
  if (text.empty()) return absl::InvalidArgumentError("is empty");
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(std::string(name));
  const std::string known = request.GetReflection()->GetString(request, field);
  if (!known.empty() && known != text) {
    return absl::InvalidArgumentError("is different in the file");
  }
  request.GetReflection()->SetString(&request, field, std::string(text));
  return absl::OkStatus();
}

}  // namespace msp::cli
