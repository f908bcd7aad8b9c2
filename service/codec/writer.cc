// SPDX-License-Identifier: Apache-2.0

#include "service/codec/writer.h"

#include <algorithm>

#include "service/codec/decimals.h"
#include "service/codec/json_text.h"
#include "service/codec/mask.h"
#include "service/codec/redact.h"
#include "service/codec/struct_json.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// An escaped control character (\u001f); a Struct's members have the same bound.
constexpr std::size_t kJsonBytesPerByteMax = 6;

// RFC 3339 in quotes.
constexpr std::size_t kTimestampBytesMax = 40;

}  // namespace

template <Scope kScope>
void Writer<kScope>::Object(const MessageSchema& schema, const pb::Message& message) {
  Open();
  if (!Members(schema, message)) Raw("{}");
  Close();
}

template <Scope kScope>
bool Writer<kScope>::Members(const MessageSchema& schema, const pb::Message& message) {
  access::FieldSet shown = schema.Present(message);
  const bool more = IsBody(kScope) && schema.more() != nullptr && shown.Has(schema.more_number());
  if constexpr (IsBody(kScope)) shown = shown & schema.in_body();
  bool empty = true;
  shown.ForEach([&](std::size_t number) {
    const FieldSchema& entry = schema.entries()[number];
    const std::size_t start = Written();
    Raw(entry.quoted);
    if (entry.repeated ? List(entry, message) : Value(entry, message, -1)) {
      if (empty) out_[start] = '{';
      empty = false;
    } else {
      at_ = out_.data() + start;
    }
  });
  if (more && More(*schema.more(), message, empty)) empty = false;
  if (empty) return false;
  Raw('}');
  return true;
}

template <Scope kScope>
bool Writer<kScope>::More(const FieldSchema& entry, const pb::Message& message, bool first) {
  const auto& object = static_cast<const pb::Struct&>(entry.Nested(message));
  if (object.fields().empty()) return false;
  const std::size_t start = Written();
  Aside(object.ByteSizeLong() * kJsonBytesPerByteMax, [&] {
    AppendMembers(object, kScope == Scope::kMaskedBody ? kMask : std::string_view(), out_);
  });
  if (first) out_[start] = '{';
  return true;
}

template <Scope kScope>
bool Writer<kScope>::List(const FieldSchema& entry, const pb::Message& message) {
  const int size = entry.Size(message);
  if (size == 0) return false;
  Raw('[');
  for (int i = 0; i < size; ++i) {
    if (i > 0) Raw(',');
    if (Value(entry, message, i)) continue;
    // An element keeps its position, also where a member with this content would be omitted.
    Raw(entry.kind == Kind::kMessage ? "{}" : entry.kind == Kind::kString ? "\"\"" : "null");
  }
  Raw(']');
  return true;
}

template <Scope kScope>
bool Writer<kScope>::Value(const FieldSchema& entry, const pb::Message& message, int index) {
  if (Masks(entry)) return Masked(entry, message, index);
  switch (entry.kind) {
    case Kind::kString:
      return Text(entry, message, index);
    case Kind::kBytes:
      Quoted(Base64(entry.Text(message, index)));
      return true;
    case Kind::kInt32:
    case Kind::kInt64:
      Integer(entry.Integer(message, index));
      return true;
    case Kind::kUint32:
    case Kind::kUint64:
      Integer(entry.Natural(message, index));
      return true;
    case Kind::kBool:
      Raw(entry.Integer(message, index) != 0 ? "true" : "false");
      return true;
    case Kind::kDouble: {
      Need(kNumberBytesMax);
      char* end = PutDouble(entry.Real(message, index), at_);
      if (end == nullptr) return false;
      const std::string_view number(at_, static_cast<std::size_t>(end - at_));
      if (IsBody(kScope) && entry.decimals != 0 && HasMoreDecimals(number, entry.decimals)) {
        Raw(RoundedText(number, entry.decimals));
      } else {
        at_ = end;
      }
      return true;
    }
    case Kind::kEnum: {
      const auto enumerator = static_cast<int>(entry.Integer(message, index));
      const auto* value = entry.field->enum_type()->FindValueByNumber(enumerator);
      value == nullptr ? Integer(enumerator) : Quoted(value->name());
      return true;
    }
    case Kind::kMessage:
      if (Members(*entry.message, entry.Nested(message, index))) return true;
      if (IsBody(kScope)) return false;
      Raw("{}");
      return true;
    case Kind::kStruct: {
      const auto& object = static_cast<const pb::Struct&>(entry.Nested(message, index));
      Aside(object.ByteSizeLong() * kJsonBytesPerByteMax, [&] { AppendStruct(object, out_); });
      return true;
    }
    case Kind::kTimestamp: {
      const auto& time = static_cast<const pb::Timestamp&>(entry.Nested(message, index));
      bool written = false;
      Aside(kTimestampBytesMax, [&] { written = AppendTimestamp(time, out_); });
      return written;
    }
  }
  return false;
}

template <Scope kScope>
void Writer<kScope>::Quoted(std::string_view text) {
  Need(text.size() + 2);
  if (CopyPlainJson(text, at_ + 1)) {
    *at_ = '"';
    at_ += text.size() + 1;
    *at_++ = '"';
    return;
  }
  Aside(text.size() * kJsonBytesPerByteMax + 2, [&] { AppendJsonString(text, out_); });
}

template <Scope kScope>
bool Writer<kScope>::Text(const FieldSchema& entry, const pb::Message& message, int index) {
  const std::string& text = entry.Text(message, index);
  if constexpr (IsBody(kScope)) {
    if (text.empty()) return false;
    if (entry.limits.pattern() == v1::PATTERN_CARD_NUMBER) {
      // Stripped inside the body: a copy would have to be zeroized.
      const std::size_t start = Written();
      Quoted(text);
      at_ = std::remove(out_.data() + start, at_, ' ');
      return true;
    }
  }
  if constexpr (kScope == Scope::kMasked) {
    // Free text, such as a description, may contain a card number.
    if (HoldsCardNumber(text)) {
      Quoted(RedactedText(text, text.size()));
      return true;
    }
  }
  Quoted(text);
  return true;
}

template <Scope kScope>
bool Writer<kScope>::Masks(const FieldSchema& entry) const {
  if constexpr (kScope == Scope::kBody || kScope == Scope::kAll) return false;
  if (entry.kind == Kind::kStruct) return true;
  if (entry.sensitive == v1::SENSITIVITY_UNSPECIFIED) return false;
  return !(show_personal_ && entry.sensitive == v1::SENSITIVITY_PERSONAL);
}

template <Scope kScope>
bool Writer<kScope>::Masked(const FieldSchema& entry, const pb::Message& message, int index) {
  if (entry.kind != Kind::kString) {
    Quoted(kMask);
    return true;
  }
  const std::string& text = entry.Text(message, index);
  if (IsBody(kScope) && text.empty()) return false;
  Quoted(MaskedText(entry.sensitive, text));
  return true;
}

template class Writer<Scope::kBody>;
template class Writer<Scope::kAll>;
template class Writer<Scope::kMasked>;
template class Writer<Scope::kMaskedBody>;

}  // namespace msp::codec
