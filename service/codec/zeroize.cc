// SPDX-License-Identifier: Apache-2.0

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "service/base/text.h"
#include "service/codec/redact.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

// Getters return stored strings as const; a field that is, or once was, set owns its string.
void ZeroizeStored(const std::string& text) { ZeroizeString(const_cast<std::string&>(text)); }

void ZeroizeUnknown(pb::UnknownFieldSet& unknown) {
  for (int i = 0; i < unknown.field_count(); ++i) {
    pb::UnknownField* field = unknown.mutable_field(i);
    if (field->type() == pb::UnknownField::TYPE_LENGTH_DELIMITED) {
      ZeroizeString(*field->mutable_length_delimited());
    } else if (field->type() == pb::UnknownField::TYPE_GROUP) {
      ZeroizeUnknown(*field->mutable_group());
    }
  }
  unknown.Clear();
}

void ZeroizeValue(pb::Value& value);

void ZeroizeStruct(pb::Struct& object) {
  // Keys are member names and stay: the map needs them while it is cleared.
  for (auto& member : *object.mutable_fields()) ZeroizeValue(member.second);
  object.mutable_fields()->clear();
}

void ZeroizeValue(pb::Value& value) {
  if (value.kind_case() == pb::Value::kStringValue) {
    ZeroizeString(*value.mutable_string_value());
  } else if (value.kind_case() == pb::Value::kStructValue) {
    ZeroizeStruct(*value.mutable_struct_value());
  } else if (value.kind_case() == pb::Value::kListValue) {
    for (pb::Value& element : *value.mutable_list_value()->mutable_values()) ZeroizeValue(element);
  }
}

void ZeroizeObject(const MessageSchema& schema, pb::Message& message, bool everything);

// A string that was set and then cleared keeps its memory and its content's tail. Its address
// distinguishes it from one that was never set.
void ZeroizeStrings(const FieldSchema& entry, const pb::Message& message) {
  if (!entry.repeated) {
    const std::string& stored = entry.Text(message);
    if (&stored != entry.shared) ZeroizeStored(stored);
    return;
  }
  const int size = entry.Size(message);
  for (int i = 0; i < size; ++i) ZeroizeStored(entry.Text(message, i));
}

void ZeroizeMessages(const FieldSchema& entry, const pb::Message& message, bool everything) {
  const auto zeroize = [&](const pb::Message& stored) {
    auto& nested = const_cast<pb::Message&>(stored);
    if (entry.kind == Kind::kStruct) {
      ZeroizeStruct(static_cast<pb::Struct&>(nested));
    } else {
      ZeroizeObject(*entry.message, nested, everything);
    }
  };
  if (!entry.repeated) {
    const pb::Message& stored = entry.Nested(message);
    if (&stored != entry.shared) zeroize(stored);
    return;
  }
  const int size = entry.Size(message);
  for (int i = 0; i < size; ++i) zeroize(entry.Nested(message, i));
}

// `everything` is true below a sensitive message field.
void ZeroizeObject(const MessageSchema& schema, pb::Message& message, bool everything) {
  const pb::Reflection& reflection = schema.reflection();
  if (!reflection.GetUnknownFields(message).empty()) {
    ZeroizeUnknown(*reflection.MutableUnknownFields(&message));
  }
  const access::FieldSet present = schema.Present(message);
  schema.zeroized(everything).ForEach([&](std::size_t number) {
    const FieldSchema& entry = schema.entries()[number];
    const bool sensitive = everything || entry.kind == Kind::kStruct ||
                           entry.sensitive != multisafepay::v1::SENSITIVITY_UNSPECIFIED;
    if (entry.kind == Kind::kMessage || entry.kind == Kind::kStruct) {
      ZeroizeMessages(entry, message, sensitive);
    } else if (entry.kind == Kind::kString || entry.kind == Kind::kBytes) {
      ZeroizeStrings(entry, message);
    }
    if (sensitive && present.Has(number)) entry.Clear(message);
  });
}

}  // namespace

void Zeroize(const MessageSchema& schema, pb::Message& message) {
  ZeroizeObject(schema, message, false);
}
void ZeroizeAll(const MessageSchema& schema, pb::Message& message) {
  ZeroizeObject(schema, message, true);
}

}  // namespace msp::codec
