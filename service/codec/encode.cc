// SPDX-License-Identifier: Apache-2.0

#include "service/codec/encode.h"

#include "service/base/text.h"
#include "service/codec/json_text.h"
#include "service/codec/writer.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

// The text of one query value; empty when the field's kind has none.
std::string QueryText(const FieldSchema& entry, const pb::Message& message, int index) {
  std::string text;
  switch (entry.kind) {
    case Kind::kString:
      return entry.Text(message, index);
    case Kind::kBool:
      return entry.Integer(message, index) != 0 ? "1" : "0";
    case Kind::kInt32:
    case Kind::kInt64:
      AppendInteger(entry.Integer(message, index), text);
      return text;
    case Kind::kUint32:
    case Kind::kUint64:
      AppendInteger(entry.Natural(message, index), text);
      return text;
    case Kind::kDouble:
      AppendDouble(entry.Real(message, index), text);
      return text;
    default:
      return text;
  }
}

}  // namespace

void EncodeBody(const MessageSchema& schema, const pb::Message& message, std::string& out) {
  Writer<Scope::kBody>(out).Object(schema, message);
}

void EncodeAll(const MessageSchema& schema, const pb::Message& message, std::string& out) {
  Writer<Scope::kAll>(out).Object(schema, message);
}

void EncodeQuery(const MessageSchema& schema, const pb::Message& message, std::string& out) {
  if (schema.in_query().Empty()) return;  // The usual case, without access to the message.
  const access::FieldSet asked = schema.Present(message) & schema.in_query();
  if (asked.Empty()) return;
  bool first = true;
  const auto append = [&](const FieldSchema& entry, int index) {
    const std::string text = QueryText(entry, message, index);
    if (text.empty()) return;
    if (!first) out += '&';
    first = false;
    out += PercentEncoded(entry.name);
    out += '=';
    out += PercentEncoded(text);
  };
  asked.ForEach([&](std::size_t number) {
    const FieldSchema& entry = schema.entries()[number];
    if (!entry.repeated) return append(entry, -1);
    const int size = entry.Size(message);
    for (int i = 0; i < size; ++i) append(entry, i);
  });
}

}  // namespace msp::codec
