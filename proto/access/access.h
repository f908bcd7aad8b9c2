// SPDX-License-Identifier: Apache-2.0

// Field access of generated messages for the codec: a table of plain functions for each
// message, generated at build time by generator.cc over protoc's accessors, because
// protobuf's Reflection costs more than the work itself. Constant data, any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace msp::access {

using google::protobuf::Message;
// Every function gets its field's descriptor; generated functions do not need it.
using Field = const google::protobuf::FieldDescriptor*;

// Fields of one message, one bit each, by their index in the .proto file.
class FieldSet {
 public:
  static constexpr std::size_t kFieldsMax = 256;

  void Put(std::size_t index, bool in) {
    words_[index / kBits] |= std::uint64_t{in} << (index % kBits);
  }
  bool Has(std::size_t index) const { return (words_[index / kBits] >> (index % kBits) & 1) != 0; }
  bool Empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  FieldSet operator&(const FieldSet& other) const {
    FieldSet both;
    for (std::size_t i = 0; i < kWords; ++i) both.words_[i] = words_[i] & other.words_[i];
    return both;
  }
  FieldSet operator|(const FieldSet& other) const {
    FieldSet any;
    for (std::size_t i = 0; i < kWords; ++i) any.words_[i] = words_[i] | other.words_[i];
    return any;
  }
  // Calls `visit` with each index in the set, in order.
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (std::size_t i = 0; i < kWords; ++i) {
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1) {
        visit(i * kBits + static_cast<std::size_t>(std::countr_zero(left)));
      }
    }
  }

 private:
  static constexpr std::size_t kBits = 64;
  static constexpr std::size_t kWords = kFieldsMax / kBits;
  std::uint64_t words_[kWords] = {};
};

// One field. The field's type determines which member of `get` and `put` is set: `text` for string
// and bytes; `integer` for int32, int64, bool and enum; `natural` for uint32 and uint64; `real` for
// double; `message` for messages.
struct FieldAccess {
  int number = 0;
  // The value; of a repeated field the element `index`, which other fields ignore. An unset
  // field returns its default, which all messages share.
  union {
    const std::string& (*text)(const Message&, Field, int index) = nullptr;
    std::int64_t (*integer)(const Message&, Field, int index);
    std::uint64_t (*natural)(const Message&, Field, int index);
    double (*real)(const Message&, Field, int index);
    const Message& (*message)(const Message&, Field, int index);
  } get;
  // Sets the value, which fits the field's type; appends an element to a repeated field.
  union {
    void (*text)(Message&, Field, std::string_view) = nullptr;
    void (*integer)(Message&, Field, std::int64_t);
    void (*natural)(Message&, Field, std::uint64_t);
    void (*real)(Message&, Field, double);
    Message& (*message)(Message&, Field);  // The field's own, or a new element, to be filled.
  } put;
  // Elements of a repeated field; null for others.
  int (*size)(const Message&, Field) = nullptr;
  void (*clear)(Message&, Field) = nullptr;
};

// One message.
struct MessageAccess {
  std::string_view name;  // "multisafepay.v1.Order"
  // The fields that are set; of repeated ones those that have an element.
  FieldSet (*present)(const Message&) = nullptr;
  std::span<const FieldAccess> fields;  // In the order of the .proto file.
};

// The messages of one proto library.
using Table = std::span<const MessageAccess>;

}  // namespace msp::access
