#include "service/codec/encode.h"

#include "service/base/text.h"
#include "service/codec/json_text.h"
#include "service/codec/writer.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

// The text of one query value; empty when the field's kind has none.
std::string QueryText(const Entry& entry, const pb::Message& message, int index) {
  const pb::Reflection& get = *entry.reflection;
  const pb::FieldDescriptor* field = entry.field;
  const bool one = index < 0;
  std::string text;
  switch (entry.kind) {
    case Kind::kString:
      return one ? get.GetString(message, field) : get.GetRepeatedString(message, field, index);
    case Kind::kBool:
      return (one ? get.GetBool(message, field) : get.GetRepeatedBool(message, field, index)) ? "1"
                                                                                              : "0";
    case Kind::kInt32:
      AppendInteger(
          one ? get.GetInt32(message, field) : get.GetRepeatedInt32(message, field, index), text);
      return text;
    case Kind::kInt64:
      AppendInteger(
          one ? get.GetInt64(message, field) : get.GetRepeatedInt64(message, field, index), text);
      return text;
    case Kind::kUint32:
      AppendInteger(
          one ? get.GetUInt32(message, field) : get.GetRepeatedUInt32(message, field, index), text);
      return text;
    case Kind::kUint64:
      AppendInteger(
          one ? get.GetUInt64(message, field) : get.GetRepeatedUInt64(message, field, index), text);
      return text;
    case Kind::kDouble:
      AppendDouble(
          one ? get.GetDouble(message, field) : get.GetRepeatedDouble(message, field, index), text);
      return text;
    default:
      return text;
  }
}

}  // namespace

void EncodeBody(const Plan& plan, const pb::Message& message, std::string& out) {
  Writer<Scope::kBody>(out).Object(plan, message);
}

void EncodeAll(const Plan& plan, const pb::Message& message, std::string& out) {
  Writer<Scope::kAll>(out).Object(plan, message);
}

void EncodeQuery(const Plan& plan, const pb::Message& message, std::string& out) {
  const pb::Reflection& reflection = plan.reflection();
  bool first = true;
  const auto append = [&](const Entry& entry, int index) {
    const std::string text = QueryText(entry, message, index);
    if (text.empty()) return;
    if (!first) out += '&';
    first = false;
    out += PercentEncoded(entry.name);
    out += '=';
    out += PercentEncoded(text);
  };
  for (const Entry& entry : plan.entries()) {
    if (entry.place != multisafepay::v1::PLACE_QUERY) continue;
    if (!entry.repeated) {
      if (reflection.HasField(message, entry.field)) append(entry, -1);
      continue;
    }
    const int size = reflection.FieldSize(message, entry.field);
    for (int i = 0; i < size; ++i) append(entry, i);
  }
}

}  // namespace msp::codec
