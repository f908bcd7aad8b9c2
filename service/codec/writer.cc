#include "service/codec/writer.h"

#include <algorithm>

#include "service/codec/json_text.h"
#include "service/codec/mask.h"
#include "service/codec/redact.h"
#include "service/codec/struct_json.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// An escaped control character (\u001f); a Struct's members are no longer than that either.
constexpr std::size_t kJsonBytesPerByteMax = 6;

const pb::Message& Nested(const Entry& entry, const pb::Message& message, int index) {
  const pb::Reflection& reflection = *entry.reflection;
  return index < 0 ? reflection.GetMessage(message, entry.field)
                   : reflection.GetRepeatedMessage(message, entry.field, index);
}

void AppendEnum(const Entry& entry, int number, std::string& out) {
  const pb::EnumValueDescriptor* value = entry.field->enum_type()->FindValueByNumber(number);
  if (value == nullptr) return AppendInteger(number, out);
  AppendText(value->name(), out);
}

}  // namespace

template <Scope kScope>
void Writer<kScope>::Object(const Plan& plan, const pb::Message& message) {
  if (!Members(plan, message)) out_ += "{}";
}

template <Scope kScope>
bool Writer<kScope>::Members(const Plan& plan, const pb::Message& message) {
  const pb::Reflection& reflection = plan.reflection();
  bool empty = true;
  for (const Entry& entry : plan.entries()) {
    if (!Shows(entry)) continue;
    if (!entry.repeated && !reflection.HasField(message, entry.field)) continue;
    const std::size_t start = out_.size();
    Reserve(entry.quoted.size());
    out_ += entry.quoted;
    if (entry.repeated ? List(entry, message) : Value(entry, message, -1)) {
      if (empty) out_[start] = '{';
      empty = false;
    } else {
      out_.resize(start);
    }
  }
  if (empty) return false;
  out_ += '}';
  return true;
}

template <Scope kScope>
bool Writer<kScope>::List(const Entry& entry, const pb::Message& message) {
  const int size = entry.reflection->FieldSize(message, entry.field);
  if (size == 0) return false;
  out_ += '[';
  for (int i = 0; i < size; ++i) {
    if (i > 0) out_ += ',';
    if (Value(entry, message, i)) continue;
    // An element keeps its place, also where a member of this content would be left out.
    out_ += entry.kind == Kind::kMessage ? "{}" : entry.kind == Kind::kString ? "\"\"" : "null";
  }
  out_ += ']';
  return true;
}

template <Scope kScope>
bool Writer<kScope>::Value(const Entry& entry, const pb::Message& message, int index) {
  if (Masks(entry)) return Masked(entry, message, index);
  Reserve(0);
  const pb::Reflection& get = *entry.reflection;
  const pb::FieldDescriptor* field = entry.field;
  const bool one = index < 0;
  switch (entry.kind) {
    case Kind::kString:
      return Text(entry, message, index);
    case Kind::kBytes:
      Reserve(2 *
              (one ? get.GetString(message, field) : get.GetRepeatedString(message, field, index))
                  .size());
      AppendText(Base64(one ? get.GetString(message, field)
                            : get.GetRepeatedString(message, field, index)),
                 out_);
      return true;
    case Kind::kInt32:
      AppendInteger(
          one ? get.GetInt32(message, field) : get.GetRepeatedInt32(message, field, index), out_);
      return true;
    case Kind::kInt64:
      AppendInteger(
          one ? get.GetInt64(message, field) : get.GetRepeatedInt64(message, field, index), out_);
      return true;
    case Kind::kUint32:
      AppendInteger(
          one ? get.GetUInt32(message, field) : get.GetRepeatedUInt32(message, field, index), out_);
      return true;
    case Kind::kUint64:
      AppendInteger(
          one ? get.GetUInt64(message, field) : get.GetRepeatedUInt64(message, field, index), out_);
      return true;
    case Kind::kBool:
      out_ += (one ? get.GetBool(message, field) : get.GetRepeatedBool(message, field, index))
                  ? "true"
                  : "false";
      return true;
    case Kind::kDouble:
      return AppendDouble(
          one ? get.GetDouble(message, field) : get.GetRepeatedDouble(message, field, index), out_);
    case Kind::kEnum:
      AppendEnum(
          entry,
          one ? get.GetEnumValue(message, field) : get.GetRepeatedEnumValue(message, field, index),
          out_);
      return true;
    case Kind::kMessage: {
      const pb::Message& nested = Nested(entry, message, index);
      if (Members(*entry.message, nested)) return true;
      if (IsBody(kScope)) return false;
      out_ += "{}";
      return true;
    }
    case Kind::kStruct:
      Reserve(Nested(entry, message, index).ByteSizeLong() * kJsonBytesPerByteMax);
      AppendStruct(static_cast<const pb::Struct&>(Nested(entry, message, index)), out_);
      return true;
    case Kind::kTimestamp:
      return AppendTimestamp(static_cast<const pb::Timestamp&>(Nested(entry, message, index)),
                             out_);
  }
  return false;
}

template <Scope kScope>
bool Writer<kScope>::Text(const Entry& entry, const pb::Message& message, int index) {
  const pb::Reflection& get = *entry.reflection;
  std::string scratch;  // Untouched by generated messages; the interface asks for it.
  const std::string& text =
      index < 0 ? get.GetStringReference(message, entry.field, &scratch)
                : get.GetRepeatedStringReference(message, entry.field, index, &scratch);
  Reserve(text.size() * kJsonBytesPerByteMax);
  if constexpr (IsBody(kScope)) {
    if (text.empty()) return false;
    if (entry.limits.pattern() == v1::PATTERN_CARD_NUMBER) {
      // Stripped inside the body: a copy would be one more place to wipe.
      const std::size_t start = out_.size();
      AppendText(text, out_);
      const auto tail = out_.begin() + static_cast<std::ptrdiff_t>(start);
      out_.erase(std::remove(tail, out_.end(), ' '), out_.end());
      return true;
    }
  }
  if constexpr (kScope == Scope::kMasked) {
    // Free text, such as a description, may hold a card that nobody asked for.
    if (HoldsCardNumber(text)) {
      AppendText(Scrubbed(text, text.size()), out_);
      return true;
    }
  }
  AppendText(text, out_);
  return true;
}

template <Scope kScope>
bool Writer<kScope>::Masks(const Entry& entry) const {
  if constexpr (kScope == Scope::kBody || kScope == Scope::kAll) return false;
  if (entry.kind == Kind::kStruct) return true;
  if (entry.sensitive == v1::SENSITIVITY_UNSPECIFIED) return false;
  return !(show_personal_ && entry.sensitive == v1::SENSITIVITY_PERSONAL);
}

template <Scope kScope>
bool Writer<kScope>::Masked(const Entry& entry, const pb::Message& message, int index) {
  if (entry.kind != Kind::kString) {
    AppendText(kMask, out_);
    return true;
  }
  const pb::Reflection& get = *entry.reflection;
  std::string scratch;
  const std::string& text =
      index < 0 ? get.GetStringReference(message, entry.field, &scratch)
                : get.GetRepeatedStringReference(message, entry.field, index, &scratch);
  if (IsBody(kScope) && text.empty()) return false;
  AppendText(MaskedText(entry.sensitive, text), out_);
  return true;
}

template class Writer<Scope::kBody>;
template class Writer<Scope::kAll>;
template class Writer<Scope::kMasked>;
template class Writer<Scope::kMaskedBody>;

}  // namespace msp::codec
