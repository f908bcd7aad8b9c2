// SPDX-License-Identifier: Apache-2.0

// A message's schema: its descriptor compiled into a flat table that encode, decode, check, redact
// and zeroize walk. Compiled once at start from the generated pool, immutable afterwards, shared by
// all threads.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "multisafepay/v1/options.pb.h"
#include "proto/access/access.h"

namespace msp::codec {

class MessageSchema;

// Fields with this number or above belong to the service alone and are never exchanged with
// MultiSafepay.
inline constexpr int kFirstServiceOnlyField = 1000;

// Fields of one message at most; decode keeps one bit for each on its stack.
inline constexpr std::size_t kEntriesMax = access::FieldSet::kFieldsMax;

enum class Kind : std::uint8_t {
  kString,
  kBytes,  // Base64 in JSON.
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kBool,
  kDouble,
  kMessage,
  kStruct,     // google.protobuf.Struct: any JSON object, passed through.
  kTimestamp,  // google.protobuf.Timestamp: RFC 3339 text.
  kEnum,       // The value's name.
};

// One field of a message.
struct FieldSchema {
  access::FieldAccess access;  // Access to the field's value.
  const google::protobuf::FieldDescriptor* field = nullptr;
  std::string name;    // The JSON key.
  std::string quoted;  // The key ready for output after another member: ",\"name\":".
  Kind kind = Kind::kString;
  bool repeated = false;
  bool service_only = false;  // Number >= kFirstServiceOnlyField: never sent to MultiSafepay.
  // A single text that is read unchanged: no member of a oneof, no digits with zeros to restore.
  bool plain_text = false;
  std::uint8_t decimals = 0;  // Of a double: the maximum that is sent; 0 for no limit.
  bool in_body = true;        // Sent in the JSON body: neither service-only nor in path or query.
  multisafepay::v1::Sensitivity sensitive = multisafepay::v1::SENSITIVITY_UNSPECIFIED;
  multisafepay::v1::Place location = multisafepay::v1::PLACE_UNSPECIFIED;
  multisafepay::v1::Limits limits;
  const MessageSchema* message = nullptr;  // For kMessage.
  // The oneof that the field is a member of, or null.
  const google::protobuf::OneofDescriptor* oneof = nullptr;
  // The value of a single string, bytes or message field in messages that never set it: shared, so
  // it must not be written or zeroized.
  const void* shared = nullptr;

  // The value, or the element `index` of a repeated field; `kind` determines which one may be
  // called.
  const std::string& Text(const google::protobuf::Message& of, int index = -1) const {
    return access.get.text(of, field, index);
  }
  std::int64_t Integer(const google::protobuf::Message& of, int index = -1) const {
    return access.get.integer(of, field, index);
  }
  std::uint64_t Natural(const google::protobuf::Message& of, int index = -1) const {
    return access.get.natural(of, field, index);
  }
  double Real(const google::protobuf::Message& of, int index = -1) const {
    return access.get.real(of, field, index);
  }
  const google::protobuf::Message& Nested(const google::protobuf::Message& of,
                                          int index = -1) const {
    return access.get.message(of, field, index);
  }
  int Size(const google::protobuf::Message& of) const { return access.size(of, field); }
  void Clear(google::protobuf::Message& of) const { access.clear(of, field); }
};

class MessageSchema {
 public:
  const google::protobuf::Descriptor* descriptor() const { return descriptor_; }
  const google::protobuf::Reflection& reflection() const { return *reflection_; }
  absl::Span<const FieldSchema> entries() const { return entries_; }
  // The entries, by number, that are set in `message`; of repeated ones those with an element.
  access::FieldSet Present(const google::protobuf::Message& message) const {
    return present_(message);
  }
  // Sets of entries: those in a body, those in a query, required ones, and those that Zeroize
  // visits, also below a sensitive field, where everything is sensitive.
  const access::FieldSet& in_body() const { return in_body_; }
  const access::FieldSet& in_query() const { return in_query_; }
  const access::FieldSet& required() const { return required_; }
  const access::FieldSet& zeroized(bool everything) const {
    return everything ? zeroized_below_ : zeroized_;
  }

  // The Struct of members without a field: those to send (`more`) or those of an answer
  // (`unmodelled`); null where the message has none.
  const FieldSchema* more() const { return more_; }
  const FieldSchema* unmodelled() const { return unmodelled_; }
  std::size_t more_number() const { return more_number_; }

  // The entry with this JSON key, or null.
  const FieldSchema* Find(std::string_view key) const;

  // The same, for members roughly in the order of the .proto file: tries entry number `expected`
  // first and sets it to the number after the found entry.
  const FieldSchema* FindNext(std::string_view key, std::size_t& expected) const {
    if (expected < entries_.size() && SameText(entries_[expected].name, key)) {
      return &entries_[expected++];
    }
    const FieldSchema* entry = Find(key);
    if (entry != nullptr) expected = static_cast<std::size_t>(entry - entries_.data()) + 1;
    return entry;
  }

 private:
  friend class SchemaSet;
  void BuildSlots();
  void BuildSets();
  // Keys are short: comparing two overlapping words is faster than a call.
  static bool SameText(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    const auto same = [&](auto word) {
      auto other = word;
      std::memcpy(&word, a.data(), sizeof word);
      std::memcpy(&other, b.data(), sizeof other);
      if (word != other) return false;
      std::memcpy(&word, a.data() + a.size() - sizeof word, sizeof word);
      std::memcpy(&other, b.data() + b.size() - sizeof other, sizeof other);
      return word == other;
    };
    if (a.size() > 16) return a == b;
    if (a.size() >= 8) return same(std::uint64_t{});
    if (a.size() >= 4) return same(std::uint32_t{});
    if (a.size() >= 2) return same(std::uint16_t{});
    return a == b;
  }

  const google::protobuf::Descriptor* descriptor_ = nullptr;
  const google::protobuf::Reflection* reflection_ = nullptr;
  access::FieldSet (*present_)(const google::protobuf::Message&) = nullptr;
  std::vector<FieldSchema> entries_;
  const FieldSchema* more_ = nullptr;
  std::size_t more_number_ = 0;
  const FieldSchema* unmodelled_ = nullptr;
  access::FieldSet in_body_;
  access::FieldSet in_query_;
  access::FieldSet required_;
  access::FieldSet zeroized_;
  access::FieldSet zeroized_below_;
  // Open addressing: position of the entry plus one, 0 for a free slot. At most half full.
  std::vector<std::uint16_t> slots_;
};

// The schemas of the given messages and of all that they contain. Owns them; outlives every user.
// Aborts on a message without a JSON form (a map, a group, two fields with one key): at start-up
// and in tests, never in a call.
//
// The schema's own messages use their access tables, others those among `tables`, and messages
// without a table protobuf's Reflection, at several times the cost.
class SchemaSet {
 public:
  explicit SchemaSet(absl::Span<const google::protobuf::Descriptor* const> roots,
                     std::initializer_list<access::Table> tables = {});
  SchemaSet(const SchemaSet&) = delete;
  SchemaSet& operator=(const SchemaSet&) = delete;
  // The schema of a message that is among the roots or inside one. Aborts for others, which a test
  // of the start-up list would show.
  const MessageSchema& Of(const google::protobuf::Descriptor* descriptor) const;

 private:
  const MessageSchema* Compile(const google::protobuf::Descriptor* descriptor);
  FieldSchema CompileEntry(const google::protobuf::Message& defaults,
                           const google::protobuf::FieldDescriptor* field,
                           const access::MessageAccess* access);
  const access::MessageAccess* AccessOf(const google::protobuf::Descriptor* descriptor) const;

  std::vector<access::Table> tables_;
  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<MessageSchema>> schemas_;
};

}  // namespace msp::codec
