// SPDX-License-Identifier: Apache-2.0

#include "service/codec/struct_json.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "service/codec/json_text.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

void AppendValue(const pb::Value& value, std::string& out);

void AppendList(const pb::ListValue& list, std::string& out) {
  out += '[';
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) out += ',';
    AppendValue(list.values(i), out);
  }
  out += ']';
}

void AppendValue(const pb::Value& value, std::string& out) {
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      if (!AppendDouble(value.number_value(), out)) out += "null";
      return;
    case pb::Value::kStringValue:
      return AppendText(value.string_value(), out);
    case pb::Value::kBoolValue:
      out += value.bool_value() ? "true" : "false";
      return;
    case pb::Value::kStructValue:
      return AppendStruct(value.struct_value(), out);
    case pb::Value::kListValue:
      return AppendList(value.list_value(), out);
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      out += "null";
      return;
  }
}

using Member = pb::Map<std::string, pb::Value>::value_type;

std::vector<const Member*> SortedMembers(const pb::Struct& object) {
  std::vector<const Member*> members;
  members.reserve(object.fields().size());
  for (const Member& member : object.fields()) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) { return a->first < b->first; });
  return members;
}

}  // namespace

void AppendStruct(const pb::Struct& object, std::string& out) {
  const char* before = "{";
  for (const Member* member : SortedMembers(object)) {
    out += before;
    before = ",";
    AppendText(member->first, out);
    out += ':';
    AppendValue(member->second, out);
  }
  if (object.fields().empty()) out += '{';
  out += '}';
}

void AppendMembers(const pb::Struct& object, std::string_view mask, std::string& out) {
  for (const Member* member : SortedMembers(object)) {
    out += ',';
    AppendText(member->first, out);
    out += ':';
    mask.empty() ? AppendValue(member->second, out) : AppendText(mask, out);
  }
}

bool AppendTimestamp(const pb::Timestamp& time, std::string& out) {
  using pb::util::TimeUtil;
  if (time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() > TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return false;
  }
  AppendText(TimeUtil::ToString(time), out);
  return true;
}

}  // namespace msp::codec
