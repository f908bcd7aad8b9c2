// SPDX-License-Identifier: Apache-2.0

#include "service/codec/check.h"

#include <cmath>

#include "google/protobuf/arena.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "service/codec/pattern.h"
#include "service/codec/unmodelled.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
namespace v1 = multisafepay::v1;

// A step of the current path; joined into a path only for a violation.
struct Step {
  const Step* parent = nullptr;
  std::string_view name;
  int index = -1;
  int depth = 0;
};

void AppendPath(const Step& step, std::string& path) {
  if (step.parent != nullptr && !step.parent->name.empty()) {
    AppendPath(*step.parent, path);
    path += '.';
  }
  path += step.name;
  if (step.index >= 0) path += '[' + std::to_string(step.index) + ']';
}

class Checker {
 public:
  void Object(const MessageSchema& schema, const pb::Message& message, const Step& at);
  std::vector<Violation> Take() && { return std::move(violations_); }

 private:
  void Field(const FieldSchema& entry, const pb::Message& message, const Step& at);
  void Text(const FieldSchema& entry, std::string_view text, const Step& at);
  void Integer(const FieldSchema& entry, std::int64_t value, const Step& at);
  void Double(const FieldSchema& entry, double value, const Step& at);
  void Struct(const pb::Struct& object, const Step& at);
  void Value(const pb::Value& value, const Step& at);
  // Additional limits on an unmodelled Struct (`more`) of the given message.
  void More(const MessageSchema& schema, const pb::Struct& object, const Step& at);
  void AlwaysRefused(const TextFacts& facts, const Step& at);
  void Unknown(const pb::Message& message, const pb::Reflection& reflection, const Step& of) {
    const pb::UnknownFieldSet& fields = reflection.GetUnknownFields(message);
    if (!fields.empty()) CountUnknown(fields, {&of, "(unknown fields)", -1, of.depth + 1});
  }
  void CountUnknown(const pb::UnknownFieldSet& fields, const Step& at);
  // Counts the elements of a list or Struct at `at`.
  void Count(std::size_t elements, const Step& at) {
    if (elements <= elements_left_) {
      elements_left_ -= elements;
      return;
    }
    Report(at, "brings the elements of the request's lists above their limit, " +
                   std::to_string(kElementsMax));
    full_ = true;
  }
  bool Full() const { return full_; }
  void Report(const Step& at, std::string description) {
    if (full_) return;
    std::string path;
    AppendPath(at, path);
    violations_.push_back({std::move(path), std::move(description)});
    full_ = violations_.size() >= kViolationsMax;
  }

  std::vector<Violation> violations_;
  std::size_t elements_left_ = kElementsMax;
  bool full_ = false;  // No more violations are looked for.
};

void Checker::Object(const MessageSchema& schema, const pb::Message& message, const Step& at) {
  if (at.depth > kNestingMax) return Report(at, "is nested too deep");
  Unknown(message, schema.reflection(), at);
  const access::FieldSet present = schema.Present(message);
  (present | schema.required()).ForEach([&](std::size_t number) {
    if (Full()) return;
    const FieldSchema& entry = schema.entries()[number];
    Step step{&at, entry.name, -1, at.depth + 1};
    if (!present.Has(number)) return Report(step, "is required");
    if (&entry == schema.more())
      More(schema, static_cast<const pb::Struct&>(entry.Nested(message)), step);
    if (!entry.repeated) return Field(entry, message, step);
    const int size = entry.Size(message);
    Count(static_cast<std::size_t>(size), step);
    for (step.index = 0; step.index < size && !Full(); ++step.index) Field(entry, message, step);
  });
}

void Checker::Field(const FieldSchema& entry, const pb::Message& message, const Step& at) {
  switch (entry.kind) {
    case Kind::kString:
      return Text(entry, entry.Text(message, at.index), at);
    case Kind::kInt32:
    case Kind::kInt64:
      return Integer(entry, entry.Integer(message, at.index), at);
    case Kind::kUint32:
    case Kind::kUint64: {
      // Limits are signed; values above their range exceed every maximum.
      constexpr std::uint64_t kTop = INT64_MAX;
      const std::uint64_t value = entry.Natural(message, at.index);
      return Integer(entry, static_cast<std::int64_t>(value < kTop ? value : kTop), at);
    }
    case Kind::kDouble:
      return Double(entry, entry.Real(message, at.index), at);
    case Kind::kMessage:
      return Object(*entry.message, entry.Nested(message, at.index), at);
    case Kind::kStruct:
      return Struct(static_cast<const pb::Struct&>(entry.Nested(message, at.index)), at);
    case Kind::kBytes:
      if (entry.limits.required() && entry.Text(message, at.index).empty())
        Report(at, "is required");
      return;
    case Kind::kTimestamp: {
      const pb::Message& time = entry.Nested(message, at.index);
      return Unknown(time, *time.GetReflection(), at);
    }
    case Kind::kBool:
    case Kind::kEnum:
      return;
  }
}

void Checker::AlwaysRefused(const TextFacts& facts, const Step& at) {
  if (!facts.valid_utf8) return Report(at, "must be valid UTF-8");
  if (facts.controls) Report(at, "must not contain control characters");
}

void Checker::Text(const FieldSchema& entry, std::string_view text, const Step& at) {
  const v1::Limits& limits = entry.limits;
  if (text.empty()) {
    if (limits.required()) Report(at, "is required");
    return;
  }
  const TextFacts facts = Examine(text);
  if (!facts.valid_utf8 || facts.controls) return AlwaysRefused(facts, at);
  if (limits.max_chars() != 0 && facts.chars > limits.max_chars()) {
    return Report(at, "must not be longer than " + std::to_string(limits.max_chars()) +
                          " characters; it has " + std::to_string(facts.chars));
  }
  if (const char* fault = ShapeFault(limits.pattern(), text, facts)) Report(at, fault);
}

void Checker::Integer(const FieldSchema& entry, std::int64_t value, const Step& at) {
  const v1::Limits& limits = entry.limits;
  if (limits.has_min() && value < limits.min()) {
    Report(at, "must not be less than " + std::to_string(limits.min()));
  } else if (limits.has_max() && value > limits.max()) {
    Report(at, "must not be more than " + std::to_string(limits.max()));
  }
}

void Checker::Double(const FieldSchema& entry, double value, const Step& at) {
  const v1::Limits& limits = entry.limits;
  if (!std::isfinite(value)) return Report(at, "must be a finite number");
  if (limits.has_min() && value < static_cast<double>(limits.min())) {
    Report(at, "must not be less than " + std::to_string(limits.min()));
  } else if (limits.has_max() && value > static_cast<double>(limits.max())) {
    Report(at, "must not be more than " + std::to_string(limits.max()));
  }
}

void Checker::CountUnknown(const pb::UnknownFieldSet& fields, const Step& at) {
  Count(static_cast<std::size_t>(fields.field_count()), at);
  for (int i = 0; i < fields.field_count() && !Full(); ++i) {
    const pb::UnknownField& field = fields.field(i);
    if (field.type() == pb::UnknownField::TYPE_GROUP) CountUnknown(field.group(), at);
  }
}

void Checker::Struct(const pb::Struct& object, const Step& at) {
  if (at.depth > kNestingMax) return Report(at, "is nested too deep");
  Count(static_cast<std::size_t>(object.fields_size()), at);
  Unknown(object, *object.GetReflection(), at);
  for (const auto& member : object.fields()) {
    if (Full()) return;
    // The member's own name is not repeated: Struct content counts as sensitive.
    AlwaysRefused(Examine(member.first), at);
    Value(member.second, {at.parent, at.name, at.index, at.depth + 1});
  }
}

void Checker::More(const MessageSchema& schema, const pb::Struct& object, const Step& at) {
  for (const auto& member : object.fields()) {
    // A name of the schema is no secret; others are not repeated.
    if (schema.Find(member.first) != nullptr)
      return Report(at, "holds " + member.first + ", which has a field of its own: set that");
  }
  if (HoldsCardData(object))
    return Report(at, "holds what looks like card data: use the fields of gateway_info");
  if (!HoldsExactNumbers(object))
    Report(at, "holds a whole number beyond 2^53, which has lost digits: give it as text");
}

void Checker::Value(const pb::Value& value, const Step& at) {
  Unknown(value, *value.GetReflection(), at);
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      if (!std::isfinite(value.number_value())) Report(at, "must contain finite numbers only");
      return;
    case pb::Value::kStringValue:
      return AlwaysRefused(Examine(value.string_value()), at);
    case pb::Value::kStructValue:
      return Struct(value.struct_value(), at);
    case pb::Value::kListValue:
      if (at.depth > kNestingMax) return Report(at, "is nested too deep");
      Count(static_cast<std::size_t>(value.list_value().values_size()), at);
      Unknown(value.list_value(), *value.list_value().GetReflection(), at);
      for (const pb::Value& element : value.list_value().values()) {
        if (Full()) return;
        Value(element, {at.parent, at.name, at.index, at.depth + 1});
      }
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<Violation> Check(const MessageSchema& schema, const pb::Message& message) {
  Checker checker;
  checker.Object(schema, message, Step{});
  std::vector<Violation> violations = std::move(checker).Take();
  const pb::Arena* const arena = message.GetArena();
  if (violations.empty() && arena != nullptr && arena->SpaceAllocated() > kMessageMemoryMax)
    violations.push_back({"(message)", "takes more memory than its fields need"});
  return violations;
}

}  // namespace msp::codec
