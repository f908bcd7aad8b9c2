// SPDX-License-Identifier: Apache-2.0

#include "service/codec/message_schema.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "access/msp_proto.h"
#include "service/base/text.h"
#include "service/codec/decimals.h"
#include "service/codec/reflected.h"

namespace msp::codec {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

[[noreturn]] void Refuse(const std::string& name, const char* why) {
  std::fprintf(stderr, "codec: no schema for %s: %s\n", name.c_str(), why);
  std::abort();
}

Kind KindOf(const FieldDescriptor* field) {
  switch (field->type()) {
    case FieldDescriptor::TYPE_STRING:
      return Kind::kString;
    case FieldDescriptor::TYPE_BYTES:
      return Kind::kBytes;
    case FieldDescriptor::TYPE_BOOL:
      return Kind::kBool;
    case FieldDescriptor::TYPE_DOUBLE:
      return Kind::kDouble;
    case FieldDescriptor::TYPE_ENUM:
      return Kind::kEnum;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SFIXED32:
      return Kind::kInt32;
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_SINT64:
    case FieldDescriptor::TYPE_SFIXED64:
      return Kind::kInt64;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32:
      return Kind::kUint32;
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      return Kind::kUint64;
    case FieldDescriptor::TYPE_MESSAGE: {
      const std::string& name = field->message_type()->full_name();
      if (name == "google.protobuf.Struct") return Kind::kStruct;
      if (name == "google.protobuf.Timestamp") return Kind::kTimestamp;
      if (name.starts_with("google.protobuf.")) Refuse(field->full_name(), "unsupported type");
      return Kind::kMessage;
    }
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_GROUP:
      break;
  }
  Refuse(field->full_name(), "unsupported type");
}

const void* SharedDefault(const pb::Message& defaults, const FieldDescriptor* field) {
  if (field->is_repeated()) return nullptr;
  const pb::Reflection& reflection = *defaults.GetReflection();
  std::string scratch;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return &reflection.GetStringReference(defaults, field, &scratch);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return &reflection.GetMessage(defaults, field);
    default:
      return nullptr;
  }
}

// Mixes the key's length with its first and last bytes, which distinguish "var1" from "var2" and
// "card_authentication_details" from "card_authentication_result". A collision costs one more
// comparison.
std::uint64_t HashOf(std::string_view key) {
  const auto load = [&](auto word, std::size_t at) -> std::uint64_t {
    std::memcpy(&word, key.data() + at, sizeof(word));
    return word;
  };
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (key.size() >= 8) {
    head = load(std::uint64_t{}, 0);
    tail = load(std::uint64_t{}, key.size() - 8);
  } else if (key.size() >= 4) {
    head = load(std::uint32_t{}, 0);
    tail = load(std::uint32_t{}, key.size() - 4);
  } else if (!key.empty()) {
    head = load(std::uint8_t{}, 0);
    tail = load(std::uint8_t{}, key.size() - 1) | load(std::uint8_t{}, key.size() / 2) << 8;
  }
  std::uint64_t mixed = (head ^ (tail * 0x9E3779B97F4A7C15U)) + key.size();
  mixed *= 0xD6E8FEB86659FD93U;
  return mixed >> 32;
}

}  // namespace

void MessageSchema::BuildSlots() {
  std::size_t size = 8;
  while (size < entries_.size() * 2) size *= 2;
  slots_.assign(size, 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = HashOf(entries_[i].name) & (size - 1);
    while (slots_[slot] != 0) {
      if (entries_[slots_[slot] - 1U].name == entries_[i].name) {
        Refuse(entries_[i].field->full_name(), "its key is taken by another field");
      }
      slot = (slot + 1) & (size - 1);
    }
    slots_[slot] = static_cast<std::uint16_t>(i + 1);
  }
}

const FieldSchema* MessageSchema::Find(std::string_view key) const {
  if (slots_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = HashOf(key) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const FieldSchema& entry = entries_[slots_[slot] - 1U];
    if (SameText(entry.name, key)) return &entry;
  }
  return nullptr;
}

SchemaSet::SchemaSet(absl::Span<const pb::Descriptor* const> roots,
                     std::initializer_list<access::Table> tables)
    : tables_(tables) {
  tables_.push_back(access::MspProto());
  for (const pb::Descriptor* root : roots) Compile(root);
}

const MessageSchema& SchemaSet::Of(const pb::Descriptor* descriptor) const {
  const auto found = schemas_.find(descriptor);
  if (found == schemas_.end())
    Refuse(descriptor->full_name(), "it is not among the schema set's messages");
  return *found->second;
}

void MessageSchema::BuildSets() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const FieldSchema& entry = entries_[i];
    const bool message = entry.kind == Kind::kMessage || entry.kind == Kind::kStruct;
    const bool sensitive = entry.sensitive != multisafepay::v1::SENSITIVITY_UNSPECIFIED;
    in_body_.Put(i, entry.in_body);
    in_query_.Put(i, entry.location == multisafepay::v1::PLACE_QUERY);
    required_.Put(i, entry.limits.required());
    // Every message is visited: it may hold unknown fields.
    zeroized_.Put(i, message || sensitive);
    zeroized_below_.Put(i, true);
    if (entry.service_only && entry.kind == Kind::kStruct && entry.name == "more") {
      more_ = &entry;
      more_number_ = i;
    }
    if (entry.service_only && entry.kind == Kind::kStruct && entry.name == "unmodelled")
      unmodelled_ = &entry;
  }
}

const access::MessageAccess* SchemaSet::AccessOf(const pb::Descriptor* descriptor) const {
  for (const access::Table table : tables_) {
    for (const access::MessageAccess& message : table) {
      if (message.name != descriptor->full_name()) continue;
      if (message.fields.size() != static_cast<std::size_t>(descriptor->field_count())) {
        Refuse(descriptor->full_name(), "its access table is of another schema");
      }
      return &message;
    }
  }
  return nullptr;
}

const MessageSchema* SchemaSet::Compile(const pb::Descriptor* descriptor) {
  const auto [position, added] = schemas_.try_emplace(descriptor);
  // Registered before its fields are compiled, so that a message that contains itself ends here.
  if (!added) return position->second.get();
  position->second = std::make_unique<MessageSchema>();
  MessageSchema* schema = position->second.get();
  if (descriptor->file()->pool() != pb::DescriptorPool::generated_pool()) {
    // In other pools has_json_name() is true for every field.
    Refuse(descriptor->full_name(), "it is not from the generated pool");
  }
  if (static_cast<std::size_t>(descriptor->field_count()) > kEntriesMax) {
    Refuse(descriptor->full_name(), "it has too many fields");
  }
  schema->descriptor_ = descriptor;
  const pb::Message* defaults = pb::MessageFactory::generated_factory()->GetPrototype(descriptor);
  schema->reflection_ = defaults->GetReflection();
  const access::MessageAccess* access = AccessOf(descriptor);
  schema->present_ = access != nullptr ? access->present : PresentByReflection;
  schema->entries_.reserve(static_cast<std::size_t>(descriptor->field_count()));
  for (int i = 0; i < descriptor->field_count(); ++i) {
    schema->entries_.push_back(CompileEntry(*defaults, descriptor->field(i), access));
  }
  schema->BuildSlots();
  schema->BuildSets();
  return schema;
}

FieldSchema SchemaSet::CompileEntry(const pb::Message& defaults, const FieldDescriptor* field,
                                    const access::MessageAccess* access) {
  if (field->is_map()) Refuse(field->full_name(), "unsupported type");
  FieldSchema entry;
  entry.field = field;
  entry.name = field->has_json_name() ? field->json_name() : field->name();
  entry.quoted += ',';
  AppendJsonString(entry.name, entry.quoted);
  entry.quoted += ':';
  entry.kind = KindOf(field);
  entry.repeated = field->is_repeated();
  entry.service_only = field->number() >= kFirstServiceOnlyField;
  const pb::FieldOptions& options = field->options();
  entry.sensitive = options.GetExtension(multisafepay::v1::sensitive);
  entry.location = options.GetExtension(multisafepay::v1::place);
  entry.limits = options.GetExtension(multisafepay::v1::limits);
  if (entry.limits.decimals() > kDecimalsMax) Refuse(field->full_name(), "too many decimals");
  entry.decimals = static_cast<std::uint8_t>(entry.limits.decimals());
  entry.in_body = !entry.service_only && entry.location == multisafepay::v1::PLACE_UNSPECIFIED;
  entry.oneof = field->real_containing_oneof();
  entry.plain_text = entry.kind == Kind::kString && !entry.repeated && entry.oneof == nullptr &&
                     entry.limits.pattern() != multisafepay::v1::PATTERN_FOUR_DIGITS;
  entry.shared = SharedDefault(defaults, field);
  entry.access = access != nullptr ? access->fields[static_cast<std::size_t>(field->index())]
                                   : AccessByReflection(*field);
  if (entry.access.number != field->number()) {
    Refuse(field->full_name(), "its access table is of another schema");
  }
  if (entry.kind == Kind::kMessage) entry.message = Compile(field->message_type());
  return entry;
}

}  // namespace msp::codec
