// SPDX-License-Identifier: Apache-2.0

// Single values: which strings, numbers and bools each kind of field accepts; and Struct, which
// accepts all.
#include <algorithm>

#include "google/protobuf/util/time_util.h"
#include "service/base/text.h"
#include "service/codec/reader.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kFourDigits = 4;

// True when `text`, sent as a JSON number, lost leading zeros.
bool LacksZeros(const FieldSchema& entry, std::string_view text) {
  return entry.limits.pattern() == multisafepay::v1::PATTERN_FOUR_DIGITS &&
         text.size() < kFourDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsId(const FieldSchema& entry) {
  return entry.limits.pattern() == multisafepay::v1::PATTERN_ID;
}

// True when a number's digits may be kept as written: with an exponent they are not the digits of
// an id or of an amount, and an id has no fraction.
bool StaysAsWritten(const FieldSchema& entry, std::string_view text) {
  return text.find_first_of(IsId(entry) ? ".eE" : "eE") == std::string_view::npos;
}

// Sets one field or adds an element to a repeated one; false for values that its type cannot hold.
class Put {
 public:
  Put(const FieldSchema& entry, pb::Message& message) : entry_(entry), message_(message) {}

  bool Text(std::string_view text) {
    entry_.access.put.text(message_, entry_.field, text);
    return true;
  }
  bool Integer(std::optional<std::int64_t> value, std::int64_t min = INT64_MIN,
               std::int64_t max = INT64_MAX) {
    if (!value.has_value() || *value < min || *value > max) return false;
    entry_.access.put.integer(message_, entry_.field, *value);
    return true;
  }
  bool Natural(std::optional<std::uint64_t> value, std::uint64_t max = UINT64_MAX) {
    if (!value.has_value() || *value > max) return false;
    entry_.access.put.natural(message_, entry_.field, *value);
    return true;
  }
  bool Double(std::optional<double> value) {
    if (!value.has_value()) return false;
    entry_.access.put.real(message_, entry_.field, *value);
    return true;
  }
  bool Bool(std::optional<bool> value) {
    if (!value.has_value()) return false;
    entry_.access.put.integer(message_, entry_.field, *value ? 1 : 0);
    return true;
  }
  bool Enum(const pb::EnumValueDescriptor* value) {
    if (value == nullptr) return false;
    entry_.access.put.integer(message_, entry_.field, value->number());
    return true;
  }
  bool Time(std::string_view text) {
    pb::Timestamp time;
    if (!pb::util::TimeUtil::FromString(std::string(text), &time)) return false;
    static_cast<pb::Timestamp&>(entry_.access.put.message(message_, entry_.field)) = time;
    return true;
  }

 private:
  const FieldSchema& entry_;
  pb::Message& message_;
};

}  // namespace

Reader::Outcome Reader::Scalar(const FieldSchema& entry, pb::Message& message,
                               const JsonPath& path) {
  std::string_view text;
  char first = 0;
  switch (tokens_.Peek()) {
    case '"':
      return String(text, &path) ? FromText(entry, message, text) : Outcome::kMalformed;
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

Reader::Outcome Reader::FromText(const FieldSchema& entry, pb::Message& message,
                                 std::string_view text) {
  if (text.empty()) return Outcome::kUnset;
  Put put(entry, message);
  bool fits = false;
  switch (entry.kind) {
    case Kind::kString:
      if (LacksZeros(entry, text)) return FromNumber(entry, message, text);
      fits = put.Text(text);
      break;
    case Kind::kBytes: {
      std::string bytes;
      fits = Base64Decode(text, &bytes) && put.Text(bytes);
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
    case Kind::kInt32:
      fits = put.Integer(ReadSigned(text), INT32_MIN, INT32_MAX);
      break;
    case Kind::kInt64:
      fits = put.Integer(ReadSigned(text));
      break;
    case Kind::kUint32:
      fits = put.Natural(ReadUnsigned(text), UINT32_MAX);
      break;
    case Kind::kUint64:
      fits = put.Natural(ReadUnsigned(text));
      break;
    case Kind::kDouble:
      fits = put.Double(ReadDouble(text));
      break;
    default:
      break;
  }
  return fits ? Outcome::kRead : Outcome::kUnfit;
}

Reader::Outcome Reader::FromNumber(const FieldSchema& entry, pb::Message& message,
                                   std::string_view text) {
  Put put(entry, message);
  bool fits = false;
  if (IsId(entry) &&
      std::find(result_.numbers.begin(), result_.numbers.end(), &entry) == result_.numbers.end())
    result_.numbers.push_back(&entry);
  switch (entry.kind) {
    case Kind::kString: {
      if (LacksZeros(entry, text)) {
        std::string digits(text);
        digits.insert(0, kFourDigits - text.size(), '0');
        fits = put.Text(digits);
      } else if (StaysAsWritten(entry, text)) {
        fits = put.Text(text);
      } else {
        std::string digits;
        fits = WithoutExponent(text, digits) &&
               !(IsId(entry) && digits.find('.') != std::string::npos) && put.Text(digits);
        ZeroizeString(digits);
      }
      break;
    }
    case Kind::kInt32:
      fits = put.Integer(ReadSignedNumber(text), INT32_MIN, INT32_MAX);
      break;
    case Kind::kInt64:
      fits = put.Integer(ReadSignedNumber(text));
      break;
    case Kind::kUint32:
      fits = put.Natural(ReadUnsignedNumber(text), UINT32_MAX);
      break;
    case Kind::kUint64:
      fits = put.Natural(ReadUnsignedNumber(text));
      break;
    case Kind::kDouble:
      fits = put.Double(ReadDouble(text));
      break;
    case Kind::kBool:
      fits = put.Bool(ReadBool(text));
      break;
    case Kind::kEnum: {
      const std::optional<std::int64_t> number = ReadSignedNumber(text);
      if (!number.has_value() || *number < INT32_MIN || *number > INT32_MAX) break;
      fits = put.Enum(entry.field->enum_type()->FindValueByNumber(static_cast<int>(*number)));
      break;
    }
    default:
      break;
  }
  return fits ? Outcome::kRead : Outcome::kUnfit;
}

Reader::Outcome Reader::FromBool(const FieldSchema& entry, pb::Message& message, bool value) {
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

bool Reader::StructObject(pb::Struct& object, const JsonPath& path) {
  bool more = false;
  if (!Open('}', more)) return false;
  while (more) {
    std::string_view key;
    if (!Key(key, &path) || !Count()) return false;
    const auto [member, added] = object.mutable_fields()->insert({std::string(key), pb::Value()});
    if (!added) {
      Report(Drift::Kind::kDuplicateMember, path);
      member->second.Clear();
    }
    if (!StructValue(member->second, path) || !Next('}', more)) return false;
  }
  return true;
}

bool Reader::StructList(pb::ListValue& list, const JsonPath& path) {
  bool more = false;
  if (!Open(']', more)) return false;
  while (more) {
    if (!Count() || !StructValue(*list.add_values(), path) || !Next(']', more)) return false;
  }
  return true;
}

bool Reader::StructValue(pb::Value& value, const JsonPath& path) {
  std::string_view text;
  char first = 0;
  switch (tokens_.Peek()) {
    case '{':
      return StructObject(*value.mutable_struct_value(), path);
    case '[':
      return StructList(*value.mutable_list_value(), path);
    case '"':
      if (!String(text, &path)) return false;
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
      if (exact_numbers_) {
        value.set_string_value(std::string(text));
        return true;
      }
      const std::optional<double> number = ReadDouble(text);
      if (number.has_value()) {
        value.set_number_value(*number);
      } else {
        Report(Drift::Kind::kUnfitValue, path);  // Beyond a double's range.
        value.set_null_value(pb::NULL_VALUE);
      }
      return true;
    }
  }
}

}  // namespace msp::codec
