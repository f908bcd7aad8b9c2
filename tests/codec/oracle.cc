// SPDX-License-Identifier: Apache-2.0

#include "tests/codec/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "multisafepay/v1/options.pb.h"

namespace msp::codec::oracle {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::json;
using pb::FieldDescriptor;

// Builds the tree; raw digits of fractions come with the event, those of integers are printed
// again.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(Parsed& parsed) : parsed_(parsed) {}

  bool null() override { return Add({}); }
  bool boolean(bool value) override { return Add({Node::Kind::kBool, value ? "true" : "false"}); }
  bool number_integer(number_integer_t value) override {
    // Zero arrives here only as "-0".
    return Add({Node::Kind::kNumber, value == 0 ? "-0" : std::to_string(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Add({Node::Kind::kNumber, std::to_string(value)});
  }
  bool number_float(number_float_t, const string_t& digits) override {
    return Add({Node::Kind::kNumber, digits});
  }
  bool string(string_t& text) override { return Add({Node::Kind::kString, text}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(Node::Kind::kObject); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(Node::Kind::kList); }
  bool end_array() override { return Close(); }
  bool key(string_t& text) override {
    keys_.back() = text;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    constexpr int kNumberOverflow = 406;
    parsed_.overflow = error.id == kNumberOverflow;
    return false;
  }

 private:
  bool Add(Node node) {
    if (open_.empty()) {
      parsed_.document = std::move(node);
    } else if (open_.back().kind == Node::Kind::kObject) {
      open_.back().members.push_back({keys_.back(), std::move(node)});
    } else {
      open_.back().elements.push_back(std::move(node));
    }
    return true;
  }
  bool Open(Node::Kind kind) {
    open_.push_back({kind});
    keys_.emplace_back();
    parsed_.depth = std::max(parsed_.depth, static_cast<int>(open_.size()));
    return true;
  }
  bool Close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return Add(std::move(node));
  }

  Parsed& parsed_;
  std::vector<Node> open_;
  std::vector<std::string> keys_;
};

// Whether more bytes make a UTF-8 sequence of it.
bool StartsASequence(const std::string& bytes) {
  static std::map<std::string, bool> known;
  const auto [entry, added] = known.try_emplace(bytes, false);
  if (!added) return entry->second;
  bool starts = Json::accept("\"" + bytes + "\"");
  for (const char next : {'\x80', '\x8F', '\x90', '\x9F', '\xA0', '\xBF'}) {
    if (!starts && bytes.size() < 4) starts = StartsASequence(bytes + next);
  }
  return known[bytes] = starts;
}

// The length of the UTF-8 sequence at the start of `text`, or of the longest start of one.
std::size_t SequenceAt(std::string_view text, bool& whole) {
  std::size_t size = 1;
  for (std::size_t i = 1; i <= std::min<std::size_t>(4, text.size()); ++i) {
    const std::string bytes(text.substr(0, i));
    whole = Json::accept("\"" + bytes + "\"");
    if (whole) return i;
    if (!StartsASequence(bytes)) break;
    size = i;
  }
  return size;
}

// The escape at the start of `text`: a pair of surrogates, four hexadecimal digits, one letter; the
// backslash alone where it is none of these.
std::string_view EscapeAt(std::string_view text) {
  const auto hex = [&](std::size_t at) {
    return text.size() >= at + 6 && text.substr(at, 2) == "\\u" &&
           text.substr(at + 2, 4).find_first_not_of("0123456789abcdefABCDEF") ==
               std::string_view::npos;
  };
  if (hex(0)) {
    const bool pair = hex(6) && Json::accept("\"" + std::string(text.substr(0, 12)) + "\"") &&
                      !Json::accept("\"" + std::string(text.substr(0, 6)) + "\"");
    return text.substr(0, pair ? 12 : 6);
  }
  const bool letter = text.size() > 1 && text[1] != 'u' &&
                      std::string_view("\"\\/bfnrt").find(text[1]) != std::string_view::npos;
  return text.substr(0, letter ? 2 : 1);
}

bool MeansUnset(const Node& node) {
  return node.kind == Node::Kind::kNull || (node.kind == Node::Kind::kString && node.text.empty());
}

bool IsEmptyList(const Node& node) {
  return node.kind == Node::Kind::kList && node.elements.empty();
}

bool InBody(const FieldDescriptor* field) {
  return field->number() < 1000 && !field->options().HasExtension(multisafepay::v1::place);
}

const FieldDescriptor* FieldOf(const pb::Message& message, const std::string& name,
                               bool everything) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const std::string& key = field->has_json_name() ? field->json_name() : field->name();
    if (key == name) return everything || InBody(field) ? field : nullptr;
  }
  return nullptr;
}

bool IsStruct(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type()->full_name() == "google.protobuf.Struct";
}

// The double that `text` is; nothing for what is no JSON number, and for what a double takes as 0
// or infinity.
std::optional<double> DoubleOf(const std::string& text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return std::nullopt;
  if (!Json::parse(text, nullptr, false).is_number()) return std::nullopt;
  const double value = std::strtod(text.c_str(), nullptr);
  const std::string mantissa = text.substr(0, text.find_first_of("eE"));
  if (value == 0 && mantissa.find_first_of("123456789") != std::string::npos) return std::nullopt;
  return value;
}

// `exact`: numbers are kept as text.
pb::Value ValueOf(const Node& node, bool exact);

pb::Struct StructOf(const Node& node, bool exact = false) {
  pb::Struct object;
  for (const auto& [name, member] : node.members) {
    (*object.mutable_fields())[name] = ValueOf(member, exact);
  }
  return object;
}

pb::Value ValueOf(const Node& node, bool exact) {
  pb::Value value;
  switch (node.kind) {
    case Node::Kind::kNull:
      value.set_null_value(pb::NULL_VALUE);
      break;
    case Node::Kind::kBool:
      value.set_bool_value(node.text == "true");
      break;
    case Node::Kind::kNumber: {
      if (exact) {
        value.set_string_value(node.text);
        break;
      }
      const std::optional<double> number = DoubleOf(node.text);
      if (number.has_value()) {
        value.set_number_value(*number);
      } else {
        value.set_null_value(pb::NULL_VALUE);
      }
      break;
    }
    case Node::Kind::kString:
      value.set_string_value(node.text);
      break;
    case Node::Kind::kObject:
      *value.mutable_struct_value() = StructOf(node, exact);
      break;
    case Node::Kind::kList:
      value.mutable_list_value();
      for (const Node& element : node.elements) {
        *value.mutable_list_value()->add_values() = ValueOf(element, exact);
      }
      break;
  }
  return value;
}

// A number as `digits` times ten to the power of -`scale`.
struct Decimal {
  bool minus = false;
  std::string digits;  // No zeros at either end; empty for zero.
  long long scale = 0;
};

Decimal DecimalOf(const std::string& number) {
  Decimal decimal{.minus = number.starts_with('-')};
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  bool fraction = false;
  for (std::size_t i = decimal.minus ? 1 : 0; i < mark; ++i) {
    if (number[i] == '.') {
      fraction = true;
    } else {
      decimal.digits += number[i];
      decimal.scale += fraction ? 1 : 0;
    }
  }
  if (mark < number.size()) {
    constexpr long long kFar = 1'000'000'000;
    const long long exponent = std::strtoll(number.c_str() + mark + 1, nullptr, 10);
    decimal.scale -= std::clamp(exponent, -kFar, kFar);
  }
  while (decimal.digits.ends_with('0')) {
    decimal.digits.pop_back();
    --decimal.scale;
  }
  decimal.digits.erase(0, decimal.digits.find_first_not_of('0'));
  return decimal;
}

// The number without an exponent; nothing for one that is too long.
std::optional<std::string> PlainText(const std::string& number) {
  constexpr long long kMax = 40;
  const Decimal decimal = DecimalOf(number);
  if (decimal.digits.empty()) return "0";
  const auto size = static_cast<long long>(decimal.digits.size());
  const long long whole = size - decimal.scale;
  if (size > kMax || std::abs(whole) > kMax) return std::nullopt;
  std::string text = decimal.digits;
  if (whole <= 0) {
    text = "0." + std::string(static_cast<std::size_t>(-whole), '0') + text;
  } else if (whole < size) {
    text.insert(static_cast<std::size_t>(whole), ".");
  } else {
    text.append(static_cast<std::size_t>(whole - size), '0');
  }
  return (decimal.minus ? "-" : "") + text;
}

// A whole number as a 128-bit integer, where it is short enough; only what the reading rules allow:
// of a text its digits, of a number its value.
std::optional<__int128> WholeNumber(const Node& node) {
  std::string text = node.text;
  if (node.kind == Node::Kind::kNumber) {
    const std::optional<std::string> plain = PlainText(text);
    if (!plain.has_value()) return std::nullopt;
    text = *plain;
  } else if (node.kind != Node::Kind::kString) {
    return std::nullopt;
  }
  const bool minus = text.starts_with('-');
  if (minus) text.erase(0, 1);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  __int128 value = 0;
  for (const char digit : text) {
    value = value * 10 + (digit - '0');
    if (value > static_cast<__int128>(UINT64_MAX)) return std::nullopt;
  }
  return minus ? -value : value;
}

std::optional<bool> BoolOf(const Node& node) {
  if (node.kind == Node::Kind::kObject || node.kind == Node::Kind::kList) return std::nullopt;
  std::string text = node.text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::set<std::string> kYes{"true", "yes", "1"};
  static const std::set<std::string> kNo{"false", "no", "0"};
  if (kYes.contains(text)) return true;
  if (kNo.contains(text)) return false;
  return std::nullopt;
}

std::optional<std::string> TextOf(const FieldDescriptor* field, const Node& node) {
  const auto pattern = field->options().GetExtension(multisafepay::v1::limits).pattern();
  const bool id = pattern == multisafepay::v1::PATTERN_ID;
  if (node.kind == Node::Kind::kNumber &&
      node.text.find_first_of(id ? ".eE" : "eE") != std::string::npos) {
    const std::optional<std::string> plain = PlainText(node.text);
    if (id && plain.has_value() && plain->find('.') != std::string::npos) return std::nullopt;
    return plain;
  }
  std::string text = node.text;
  if (pattern == multisafepay::v1::PATTERN_FOUR_DIGITS && node.kind != Node::Kind::kBool &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    while (text.size() < 4) text.insert(text.begin(), '0');
  }
  return text;
}

template <class Value>
using Setter = void (pb::Reflection::*)(pb::Message*, const FieldDescriptor*, Value) const;

// Adds or sets the value, where there is one.
template <class Given, class Value>
void Put(const FieldDescriptor* field, pb::Message& message, const std::optional<Given>& value,
         Setter<Value> add, Setter<Value> set) {
  if (!value.has_value()) return;
  (message.GetReflection()->*(field->is_repeated() ? add : set))(&message, field, *value);
}

// The whole number that the node is, where the type holds it.
template <class Value>
std::optional<Value> WholeOf(const Node& node) {
  const std::optional<__int128> number = WholeNumber(node);
  using Limits = std::numeric_limits<Value>;
  if (!number.has_value() || *number < Limits::min() || *number > Limits::max())
    return std::nullopt;
  const bool negative_text = node.kind == Node::Kind::kString && node.text[0] == '-';
  if (!Limits::is_signed && negative_text) return std::nullopt;
  return static_cast<Value>(*number);
}

void FillOne(const FieldDescriptor* field, const Node& node, pb::Message& message,
             bool everything) {
  using To = pb::Reflection;
  const To& to = *message.GetReflection();
  if (MeansUnset(node)) return;
  const bool scalar = node.kind != Node::Kind::kObject && node.kind != Node::Kind::kList;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (node.kind != Node::Kind::kObject && !IsEmptyList(node)) return;
      pb::Message* nested = field->is_repeated() ? to.AddMessage(&message, field)
                                                 : to.MutableMessage(&message, field);
      if (IsStruct(field)) {
        *static_cast<pb::Struct*>(nested) = StructOf(node);
      } else {
        Fill(node, *nested, everything);
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING:
      // Base64 of bytes fields is left to the codec's own tests.
      if (!scalar || field->type() == FieldDescriptor::TYPE_BYTES) return;
      return Put(field, message, TextOf(field, node), &To::AddString, &To::SetString);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Put(field, message, BoolOf(node), &To::AddBool, &To::SetBool);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (node.kind != Node::Kind::kNumber && node.kind != Node::Kind::kString) return;
      return Put(field, message, DoubleOf(node.text), &To::AddDouble, &To::SetDouble);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const pb::EnumValueDescriptor* value = nullptr;
      if (node.kind == Node::Kind::kString) value = field->enum_type()->FindValueByName(node.text);
      const std::optional<std::int32_t> number = WholeOf<std::int32_t>(node);
      if (node.kind == Node::Kind::kNumber && number.has_value())
        value = field->enum_type()->FindValueByNumber(*number);
      if (value == nullptr) return;
      return Put(field, message, std::optional(value), &To::AddEnum, &To::SetEnum);
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return Put(field, message, WholeOf<std::int32_t>(node), &To::AddInt32, &To::SetInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Put(field, message, WholeOf<std::int64_t>(node), &To::AddInt64, &To::SetInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Put(field, message, WholeOf<std::uint32_t>(node), &To::AddUInt32, &To::SetUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Put(field, message, WholeOf<std::uint64_t>(node), &To::AddUInt64, &To::SetUInt64);
    default:
      throw std::logic_error("a type that the oracle does not know: " + field->full_name());
  }
}

void FillField(const FieldDescriptor* field, const Node& node, pb::Message& message,
               bool everything) {
  if (!field->is_repeated()) return FillOne(field, node, message, everything);
  if (node.kind == Node::Kind::kList) {
    for (const Node& element : node.elements) FillOne(field, element, message, everything);
  } else if (node.kind != Node::Kind::kObject || !node.members.empty()) {
    FillOne(field, node, message, everything);
  }
}

// The text by which one value of a message is compared with one of a document.
std::string ScalarText(const pb::Message& message, const FieldDescriptor* field, int index) {
  const pb::Reflection& get = *message.GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return index < 0 ? get.GetString(message, field) : get.GetRepeatedString(message, field, index);
  }
  std::string text;
  pb::TextFormat::PrintFieldValueToString(message, field, index, &text);
  return text;
}

bool SameScalar(const Node& node, const std::string& text, const FieldDescriptor* field) {
  if (node.text == text) return true;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    return std::strtod(node.text.c_str(), nullptr) == std::strtod(text.c_str(), nullptr);
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return BoolOf(node) == std::optional<bool>(text == "true");
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return TextOf(field, node) == text;
  const std::optional<__int128> number = WholeNumber(node);
  return number.has_value() && std::to_string(static_cast<long long>(*number)) == text;
}

bool MeansNothing(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kObject:
      return std::all_of(node.members.begin(), node.members.end(),
                         [](const Member& member) { return MeansNothing(member.value); });
    case Node::Kind::kList:
      return node.elements.empty();
    default:
      return MeansUnset(node);
  }
}

class Comparison {
 public:
  std::vector<std::string> found;

  void Lost(const Node& object, const pb::Message& message, const std::string& path) {
    const pb::Reflection& get = *message.GetReflection();
    for (const auto& [name, node] : object.members) {
      const std::string at = path.empty() ? name : path + "." + name;
      if (MeansNothing(node)) continue;
      const FieldDescriptor* field = FieldOf(message, name, true);
      if (field == nullptr) {
        found.push_back(at + " has no field");
      } else if (!field->is_repeated()) {
        if (!get.HasField(message, field)) {
          found.push_back(at + " is unset");
        } else {
          LostOne(node, message, field, -1, at);
        }
      } else {
        std::vector<Node> nodes{node};
        if (node.kind == Node::Kind::kList) nodes = node.elements;
        std::erase_if(nodes, MeansUnset);
        if (get.FieldSize(message, field) != static_cast<int>(nodes.size())) {
          found.push_back(at + " has another number of elements");
          continue;
        }
        for (std::size_t i = 0; i < nodes.size(); ++i) {
          LostOne(nodes[i], message, field, static_cast<int>(i),
                  at + "[" + std::to_string(i) + "]");
        }
      }
    }
  }

  void Differ(const Node& before, const Node& after, const std::string& path) {
    if (before.kind != after.kind) {
      found.push_back(path + " changed its type");
    } else if (before.kind == Node::Kind::kObject) {
      DifferMembers(before, after, path);
    } else if (before.kind == Node::Kind::kList) {
      if (before.elements.size() != after.elements.size()) {
        found.push_back(path + " has another number of elements");
        return;
      }
      for (std::size_t i = 0; i < before.elements.size(); ++i) {
        Differ(before.elements[i], after.elements[i], path + "[" + std::to_string(i) + "]");
      }
    } else if (before.kind == Node::Kind::kNumber ? std::strtod(before.text.c_str(), nullptr) !=
                                                        std::strtod(after.text.c_str(), nullptr)
                                                  : before.text != after.text) {
      found.push_back(path + " changed from " + before.text + " to " + after.text);
    }
  }

 private:
  void LostOne(const Node& node, const pb::Message& message, const FieldDescriptor* field,
               int index, const std::string& at) {
    const pb::Reflection& get = *message.GetReflection();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (node.kind != Node::Kind::kObject) return found.push_back(at + " is no object");
      const pb::Message& nested = index < 0 ? get.GetMessage(message, field)
                                            : get.GetRepeatedMessage(message, field, index);
      if (!IsStruct(field)) return Lost(node, nested, at);
      if (StructOf(node).SerializeAsString().size() != nested.SerializeAsString().size()) {
        found.push_back(at + " differs");
      }
    } else if (node.kind == Node::Kind::kObject || node.kind == Node::Kind::kList) {
      found.push_back(at + " is no scalar");
    } else if (const std::string text = ScalarText(message, field, index);
               !SameScalar(node, text, field)) {
      found.push_back(at + " is " + text + ", not " + node.text);
    }
  }

  void DifferMembers(const Node& before, const Node& after, const std::string& path) {
    std::set<std::string> names;
    for (const auto& member : before.members) names.insert(member.name);
    for (const auto& member : after.members) names.insert(member.name);
    for (const std::string& name : names) {
      const std::string at = path.empty() ? name : path + "." + name;
      const Node* was = before.Find(name);
      const Node* is = after.Find(name);
      const bool nothing_was = was == nullptr || MeansNothing(*was);
      const bool nothing_is = is == nullptr || MeansNothing(*is);
      if (nothing_was != nothing_is) {
        found.push_back(at + (nothing_is ? " was lost" : " was added"));
      } else if (!nothing_was) {
        Differ(*was, *is, at);
      }
    }
  }
};

}  // namespace

const Node* Node::Find(std::string_view name) const {
  const Node* last = nullptr;
  for (const auto& member : members) {
    if (member.name == name) last = &member.value;
  }
  return last;
}

std::string Repaired(std::string_view text) {
  std::string repaired;
  bool inside = false;
  while (!text.empty()) {
    std::string_view unit = text.substr(0, 1);
    std::string instead(unit);
    if (!inside || unit == "\"") {
      inside = inside != (unit == "\"");
    } else if (unit == "\\") {
      unit = EscapeAt(text);
      instead = Json::accept("\"" + std::string(unit) + "\"") ? std::string(unit)
                : unit.size() == 6                            ? "\\ufffd"
                                                              : "\\\\";
    } else if (static_cast<unsigned char>(unit[0]) < 0x20) {
      instead = Json(std::string(unit)).dump();
      instead = instead.substr(1, instead.size() - 2);
    } else {
      bool whole = false;
      unit = text.substr(0, SequenceAt(text, whole));
      instead = whole ? std::string(unit) : "\xEF\xBF\xBD";
    }
    repaired += instead;
    text.remove_prefix(unit.size());
  }
  return repaired;
}

Parsed Parse(std::string_view text) {
  Parsed parsed;
  Builder builder(parsed);
  if (!Json::sax_parse(text, &builder)) parsed.document.reset();
  return parsed;
}

// A member without a field goes into `unmodelled` where the message has that.
void Keep(const std::string& name, const Node& node, pb::Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("unmodelled");
  if (field == nullptr || node.kind == Node::Kind::kNull) return;
  auto& object =
      static_cast<pb::Struct&>(*message.GetReflection()->MutableMessage(&message, field));
  (*object.mutable_fields())[name] = ValueOf(node, true);
}

void Fill(const Node& object, pb::Message& message, bool everything, std::string_view skip) {
  for (const auto& member : object.members) {
    if (!skip.empty() && member.name == skip) continue;
    const FieldDescriptor* field = FieldOf(message, member.name, everything);
    if (field == nullptr) {
      if (!everything) Keep(member.name, member.value, message);
      continue;
    }
    message.GetReflection()->ClearField(&message, field);  // The last of duplicates wins.
    FillField(field, member.value, message, everything);
  }
}

std::vector<std::string> Lost(const Node& object, const pb::Message& message) {
  Comparison comparison;
  comparison.Lost(object, message, "");
  return comparison.found;
}

std::vector<std::string> Differences(const Node& before, const Node& after) {
  Comparison comparison;
  comparison.Differ(before, after, "");
  return comparison.found;
}

}  // namespace msp::codec::oracle
