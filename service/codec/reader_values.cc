// Single values: what each kind of field takes from a string, a number, a bool; and Struct, which
// takes all.
#include "google/protobuf/util/time_util.h"
#include "service/base/text.h"
#include "service/codec/reader.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kFourDigits = 4;

// Whether `text` lost leading zeros on its way through a JSON number.
bool LacksZeros(const Entry& entry, std::string_view text) {
  return entry.limits.pattern() == multisafepay::v1::PATTERN_FOUR_DIGITS &&
         text.size() < kFourDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Writes one field or one more element of a repeated one.
class Put {
 public:
  Put(const Entry& entry, pb::Message& message)
      : to_(entry.reflection), field_(entry.field), repeated_(entry.repeated), message_(&message) {}

  bool Text(std::string text) {
    if (repeated_) {
      to()->AddString(message_, field_, std::move(text));
    } else {
      to()->SetString(message_, field_, std::move(text));
    }
    return true;
  }
  bool Int32(std::optional<std::int64_t> value) {
    if (!value.has_value() || *value < INT32_MIN || *value > INT32_MAX) return false;
    const auto small = static_cast<std::int32_t>(*value);
    repeated_ ? to()->AddInt32(message_, field_, small) : to()->SetInt32(message_, field_, small);
    return true;
  }
  bool Int64(std::optional<std::int64_t> value) {
    if (!value.has_value()) return false;
    repeated_ ? to()->AddInt64(message_, field_, *value) : to()->SetInt64(message_, field_, *value);
    return true;
  }
  bool Uint32(std::optional<std::uint64_t> value) {
    if (!value.has_value() || *value > UINT32_MAX) return false;
    const auto small = static_cast<std::uint32_t>(*value);
    repeated_ ? to()->AddUInt32(message_, field_, small) : to()->SetUInt32(message_, field_, small);
    return true;
  }
  bool Uint64(std::optional<std::uint64_t> value) {
    if (!value.has_value()) return false;
    repeated_ ? to()->AddUInt64(message_, field_, *value)
              : to()->SetUInt64(message_, field_, *value);
    return true;
  }
  bool Double(std::optional<double> value) {
    if (!value.has_value()) return false;
    repeated_ ? to()->AddDouble(message_, field_, *value)
              : to()->SetDouble(message_, field_, *value);
    return true;
  }
  bool Bool(std::optional<bool> value) {
    if (!value.has_value()) return false;
    repeated_ ? to()->AddBool(message_, field_, *value) : to()->SetBool(message_, field_, *value);
    return true;
  }
  bool Enum(const pb::EnumValueDescriptor* value) {
    if (value == nullptr) return false;
    repeated_ ? to()->AddEnum(message_, field_, value) : to()->SetEnum(message_, field_, value);
    return true;
  }
  bool Time(std::string_view text) {
    pb::Timestamp time;
    if (!pb::util::TimeUtil::FromString(std::string(text), &time)) return false;
    auto* target =
        repeated_ ? to()->AddMessage(message_, field_) : to()->MutableMessage(message_, field_);
    *static_cast<pb::Timestamp*>(target) = time;
    return true;
  }

 private:
  const pb::Reflection* to() const { return to_; }

  const pb::Reflection* to_;
  const pb::FieldDescriptor* field_;
  bool repeated_;
  pb::Message* message_;
};

}  // namespace

Reader::Outcome Reader::Scalar(const Entry& entry, pb::Message& message) {
  std::string_view text;
  char first = 0;
  switch (tokens_.Peek()) {
    case '"':
      return String(text) ? FromText(entry, message, text) : Outcome::kMalformed;
    case 't':
    case 'f':
    case 'n':
      if (!Atom(first)) return Outcome::kMalformed;
      return first == 'n' ? Outcome::kUnset : FromBool(entry, message, first == 't');
    case '{':
    case '[':
      return SkipUnfit();
    default:
      return Number(text) ? FromNumber(entry, message, text) : Outcome::kMalformed;
  }
}

Reader::Outcome Reader::FromText(const Entry& entry, pb::Message& message, std::string_view text) {
  if (text.empty()) return Outcome::kUnset;
  Put put(entry, message);
  bool fits = false;
  switch (entry.kind) {
    case Kind::kString:
      if (LacksZeros(entry, text)) return FromNumber(entry, message, text);
      fits = put.Text(std::string(text));
      break;
    case Kind::kBytes: {
      std::string bytes;
      fits = Base64Decode(text, &bytes) && put.Text(std::move(bytes));
      break;
    }
    case Kind::kBool:
      fits = put.Bool(ReadBool(text));
      break;
    case Kind::kEnum:
      fits = put.Enum(entry.field->enum_type()->FindValueByName(std::string(text)));
      break;
    case Kind::kTimestamp:
      fits = put.Time(text);
      break;
    default:
      return FromNumber(entry, message, text);
  }
  return fits ? Outcome::kRead : Outcome::kUnfit;
}

Reader::Outcome Reader::FromNumber(const Entry& entry, pb::Message& message,
                                   std::string_view text) {
  Put put(entry, message);
  bool fits = false;
  switch (entry.kind) {
    case Kind::kString: {
      std::string digits(text);
      if (LacksZeros(entry, text)) digits.insert(0, kFourDigits - text.size(), '0');
      fits = put.Text(std::move(digits));
      break;
    }
    case Kind::kInt32:
      fits = put.Int32(ReadSigned(text));
      break;
    case Kind::kInt64:
      fits = put.Int64(ReadSigned(text));
      break;
    case Kind::kUint32:
      fits = put.Uint32(ReadUnsigned(text));
      break;
    case Kind::kUint64:
      fits = put.Uint64(ReadUnsigned(text));
      break;
    case Kind::kDouble:
      fits = put.Double(ReadDouble(text));
      break;
    case Kind::kBool:
      fits = put.Bool(ReadBool(text));
      break;
    case Kind::kEnum: {
      const std::optional<std::int64_t> number = ReadSigned(text);
      if (!number.has_value() || *number < INT32_MIN || *number > INT32_MAX) break;
      fits = put.Enum(entry.field->enum_type()->FindValueByNumber(static_cast<int>(*number)));
      break;
    }
    default:
      break;
  }
  return fits ? Outcome::kRead : Outcome::kUnfit;
}

Reader::Outcome Reader::FromBool(const Entry& entry, pb::Message& message, bool value) {
  Put put(entry, message);
  if (entry.kind == Kind::kBool) {
    put.Bool(value);
    return Outcome::kRead;
  }
  if (entry.kind == Kind::kString) {
    put.Text(value ? "true" : "false");
    return Outcome::kRead;
  }
  return Outcome::kUnfit;
}

bool Reader::StructObject(pb::Struct& object, const Place& place) {
  bool more = false;
  if (!Open('}', more)) return false;
  while (more) {
    std::string_view key;
    if (!Key(key)) return false;
    const auto [member, added] = object.mutable_fields()->insert({std::string(key), pb::Value()});
    if (!added) {
      Report(Drift::Kind::kDuplicateMember, place);
      member->second.Clear();
    }
    if (!StructValue(member->second, place) || !Next('}', more)) return false;
  }
  return true;
}

bool Reader::StructList(pb::ListValue& list, const Place& place) {
  bool more = false;
  if (!Open(']', more)) return false;
  while (more) {
    if (!StructValue(*list.add_values(), place) || !Next(']', more)) return false;
  }
  return true;
}

bool Reader::StructValue(pb::Value& value, const Place& place) {
  std::string_view text;
  char first = 0;
  switch (tokens_.Peek()) {
    case '{':
      return StructObject(*value.mutable_struct_value(), place);
    case '[':
      return StructList(*value.mutable_list_value(), place);
    case '"':
      if (!String(text)) return false;
      value.set_string_value(std::string(text));
      return true;
    case 't':
    case 'f':
    case 'n':
      if (!Atom(first)) return false;
      if (first == 'n') {
        value.set_null_value(pb::NULL_VALUE);
      } else {
        value.set_bool_value(first == 't');
      }
      return true;
    default: {
      if (!Number(text)) return false;
      const std::optional<double> number = ReadDouble(text);
      if (number.has_value()) {
        value.set_number_value(*number);
      } else {
        Report(Drift::Kind::kUnfitValue, place);  // Beyond a double's range.
        value.set_null_value(pb::NULL_VALUE);
      }
      return true;
    }
  }
}

}  // namespace msp::codec
