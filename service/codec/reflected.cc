// SPDX-License-Identifier: Apache-2.0

#include "service/codec/reflected.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
using access::Field;
using pb::FieldDescriptor;
using pb::Message;

const std::string& Text(const Message& m, Field field, int index) {
  static thread_local std::string scratch;  // Not used by generated messages.
  const pb::Reflection& get = *m.GetReflection();
  return field->is_repeated() ? get.GetRepeatedStringReference(m, field, index, &scratch)
                              : get.GetStringReference(m, field, &scratch);
}

void PutText(Message& m, Field field, std::string_view value) {
  const pb::Reflection& to = *m.GetReflection();
  if (field->is_repeated()) {
    to.AddString(&m, field, std::string(value));
  } else {
    to.SetString(&m, field, std::string(value));
  }
}

std::int64_t Integer(const Message& m, Field field, int index) {
  const pb::Reflection& get = *m.GetReflection();
  const bool one = !field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? get.GetInt32(m, field) : get.GetRepeatedInt32(m, field, index);
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? get.GetBool(m, field) : get.GetRepeatedBool(m, field, index)) ? 1 : 0;
    case FieldDescriptor::CPPTYPE_ENUM:
      return one ? get.GetEnumValue(m, field) : get.GetRepeatedEnumValue(m, field, index);
    default:
      return one ? get.GetInt64(m, field) : get.GetRepeatedInt64(m, field, index);
  }
}

void PutInteger(Message& m, Field field, std::int64_t value) {
  const pb::Reflection& to = *m.GetReflection();
  const bool one = !field->is_repeated();
  const auto small = static_cast<std::int32_t>(value);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? to.SetInt32(&m, field, small) : to.AddInt32(&m, field, small);
    case FieldDescriptor::CPPTYPE_BOOL:
      return one ? to.SetBool(&m, field, value != 0) : to.AddBool(&m, field, value != 0);
    case FieldDescriptor::CPPTYPE_ENUM:
      return one ? to.SetEnumValue(&m, field, small) : to.AddEnumValue(&m, field, small);
    default:
      return one ? to.SetInt64(&m, field, value) : to.AddInt64(&m, field, value);
  }
}

std::uint64_t Natural(const Message& m, Field field, int index) {
  const pb::Reflection& get = *m.GetReflection();
  const bool one = !field->is_repeated();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    return one ? get.GetUInt32(m, field) : get.GetRepeatedUInt32(m, field, index);
  }
  return one ? get.GetUInt64(m, field) : get.GetRepeatedUInt64(m, field, index);
}

void PutNatural(Message& m, Field field, std::uint64_t value) {
  const pb::Reflection& to = *m.GetReflection();
  const bool one = !field->is_repeated();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    const auto small = static_cast<std::uint32_t>(value);
    return one ? to.SetUInt32(&m, field, small) : to.AddUInt32(&m, field, small);
  }
  return one ? to.SetUInt64(&m, field, value) : to.AddUInt64(&m, field, value);
}

double Real(const Message& m, Field field, int index) {
  const pb::Reflection& get = *m.GetReflection();
  return field->is_repeated() ? get.GetRepeatedDouble(m, field, index) : get.GetDouble(m, field);
}

void PutReal(Message& m, Field field, double value) {
  const pb::Reflection& to = *m.GetReflection();
  field->is_repeated() ? to.AddDouble(&m, field, value) : to.SetDouble(&m, field, value);
}

const Message& Nested(const Message& m, Field field, int index) {
  const pb::Reflection& get = *m.GetReflection();
  return field->is_repeated() ? get.GetRepeatedMessage(m, field, index) : get.GetMessage(m, field);
}

Message& PutNested(Message& m, Field field) {
  const pb::Reflection& to = *m.GetReflection();
  return field->is_repeated() ? *to.AddMessage(&m, field) : *to.MutableMessage(&m, field);
}

int Size(const Message& m, Field field) { return m.GetReflection()->FieldSize(m, field); }

void Clear(Message& m, Field field) { m.GetReflection()->ClearField(&m, field); }

}  // namespace

access::FieldAccess AccessByReflection(const FieldDescriptor& field) {
  access::FieldAccess access{.number = field.number(), .clear = Clear};
  if (field.is_repeated()) access.size = Size;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      access.get.text = Text;
      access.put.text = PutText;
      break;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
      access.get.integer = Integer;
      access.put.integer = PutInteger;
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      access.get.natural = Natural;
      access.put.natural = PutNatural;
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      access.get.real = Real;
      access.put.real = PutReal;
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      access.get.message = Nested;
      access.put.message = PutNested;
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      break;
  }
  return access;
}

access::FieldSet PresentByReflection(const Message& message) {
  const pb::Reflection& get = *message.GetReflection();
  const pb::Descriptor& descriptor = *message.GetDescriptor();
  access::FieldSet present;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    present.Put(static_cast<std::size_t>(i), field->is_repeated()
                                                 ? get.FieldSize(message, field) > 0
                                                 : get.HasField(message, field));
  }
  return present;
}

}  // namespace msp::codec
