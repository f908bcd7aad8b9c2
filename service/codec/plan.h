// A message's plan: its descriptor compiled into a flat table that encode, decode, check, redact
// and wipe walk. Compiled once at start from the generated pool, immutable afterwards, shared by
// all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "multisafepay/v1/options.pb.h"

namespace msp::codec {

class Plan;

// Fields with this number or above are the service's own and never travel to or from MultiSafepay.
inline constexpr int kFirstOwnField = 1000;

// Fields of one message at most; decode keeps one bit for each on its stack.
inline constexpr std::size_t kEntriesMax = 256;

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
struct Entry {
  const google::protobuf::FieldDescriptor* field = nullptr;
  // Of the message that the field belongs to: asking the message costs more than most accessors do.
  const google::protobuf::Reflection* reflection = nullptr;
  std::string name;    // The JSON key.
  std::string quoted;  // The key ready for output, behind another member: ",\"name\":".
  Kind kind = Kind::kString;
  bool repeated = false;
  bool own = false;     // Number >= kFirstOwnField: ours, not MultiSafepay's.
  bool in_body = true;  // Travels in the JSON body: neither own nor placed in path or query.
  multisafepay::v1::Sensitivity sensitive = multisafepay::v1::SENSITIVITY_UNSPECIFIED;
  multisafepay::v1::Place place = multisafepay::v1::PLACE_UNSPECIFIED;
  multisafepay::v1::Limits limits;
  const Plan* message = nullptr;  // For kMessage.
  // What a single string, bytes or message field refers to in every message that never set it:
  // shared, so neither to be written to nor to be wiped.
  const void* shared = nullptr;
};

class Plan {
 public:
  const google::protobuf::Descriptor* descriptor() const { return descriptor_; }
  const google::protobuf::Reflection& reflection() const { return *reflection_; }
  absl::Span<const Entry> entries() const { return entries_; }

  // The entry with this JSON key, or null.
  const Entry* Find(std::string_view key) const;

  // The same, for members that come in roughly the order of the .proto file: looks at entry number
  // `expected` first and sets it to the one after the entry found.
  const Entry* FindNext(std::string_view key, std::size_t& expected) const {
    if (expected < entries_.size() && entries_[expected].name == key) return &entries_[expected++];
    const Entry* entry = Find(key);
    if (entry != nullptr) expected = static_cast<std::size_t>(entry - entries_.data()) + 1;
    return entry;
  }

 private:
  friend class PlanSet;
  void BuildSlots();

  const google::protobuf::Descriptor* descriptor_ = nullptr;
  const google::protobuf::Reflection* reflection_ = nullptr;
  std::vector<Entry> entries_;
  // Open addressing: position of the entry plus one, 0 for a free slot. At most half full.
  std::vector<std::uint16_t> slots_;
};

// The plans of the given messages and of all that they contain. Owns them; outlives every user.
// Aborts on a message that JSON cannot mirror (a map, a group, two fields with one key): start-up
// and the tests show it, no call ever does.
class PlanSet {
 public:
  explicit PlanSet(absl::Span<const google::protobuf::Descriptor* const> roots);
  PlanSet(const PlanSet&) = delete;
  PlanSet& operator=(const PlanSet&) = delete;
  // The plan of a message that was among the roots or inside one. Never null for those; aborts
  // otherwise, which a test of the start-up list would show.
  const Plan& Of(const google::protobuf::Descriptor* descriptor) const;

 private:
  const Plan* Compile(const google::protobuf::Descriptor* descriptor);
  Entry CompileEntry(const google::protobuf::Message& defaults,
                     const google::protobuf::FieldDescriptor* field);

  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Plan>> plans_;
};

}  // namespace msp::codec
