// SPDX-License-Identifier: Apache-2.0

// The single walk that converts a message to JSON; encode.cc and redact.cc choose what it shows.
// Internal to the codec.
#pragma once

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "service/base/text.h"
#include "service/codec/json_text.h"
#include "service/codec/message_schema.h"

namespace msp::codec {

enum class Scope : std::uint8_t {
  kBody,        // The body for MultiSafepay.
  kAll,         // Every set field, only for the caller.
  kMasked,      // Every set field, sensitive ones masked, for logs.
  kMaskedBody,  // The body for MultiSafepay with sensitive values masked, for a dry run.
};

constexpr bool IsBody(Scope scope) { return scope == Scope::kBody || scope == Scope::kMaskedBody; }

template <Scope kScope>
class Writer {
 public:
  // `show_personal` leaves personal data unmasked; only for kMasked.
  explicit Writer(std::string& out, bool show_personal = false)
      : out_(out), show_personal_(show_personal) {}

  // Appends the message as one object.
  void Object(const MessageSchema& schema, const google::protobuf::Message& message);

 private:
  bool Masks(const FieldSchema& entry) const;
  // Writes the members with their braces; false when there were none.
  bool Members(const MessageSchema& schema, const google::protobuf::Message& message);
  // Writes the members of `more` after the others, or as the first ones.
  bool More(const FieldSchema& entry, const google::protobuf::Message& message, bool first);
  // `index` is -1 for a field that is not repeated. False when there is nothing to write.
  bool Value(const FieldSchema& entry, const google::protobuf::Message& message, int index);
  bool List(const FieldSchema& entry, const google::protobuf::Message& message);
  bool Text(const FieldSchema& entry, const google::protobuf::Message& message, int index);
  bool Masked(const FieldSchema& entry, const google::protobuf::Message& message, int index);

  // The functions below write through `at_` into the string's spare capacity, all of which counts
  // as content meanwhile: appending costs more than most members.
  void Open() {
    const std::size_t size = out_.size();
    out_.resize(out_.capacity());
    at_ = out_.data() + size;
    end_ = out_.data() + out_.size();
  }
  void Close() { out_.resize(Written()); }
  std::size_t Written() const { return static_cast<std::size_t>(at_ - out_.data()); }
  // Reserves `bytes`, without leaving a copy where the text grew from: bodies hold cards.
  void Need(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) Grow(bytes);
  }
  void Grow(std::size_t bytes) {
    Close();
    GrowZeroizing(out_, bytes);
    Open();
  }
  // Lets `append` append at most `bytes` to the string; beyond that it would leave copies behind.
  template <class Append>
  void Aside(std::size_t bytes, const Append& append) {
    Close();
    ReserveZeroizing(out_, bytes);
    append();
    Open();
  }
  void Raw(std::string_view text) {
    Need(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void Raw(char c) {
    Need(1);
    *at_++ = c;
  }
  template <class Number>
  void Integer(Number value) {
    Need(kNumberBytesMax);
    at_ = std::to_chars(at_, end_, value).ptr;
  }
  // A JSON string of `text`.
  void Quoted(std::string_view text);

  std::string& out_;
  char* at_ = nullptr;
  char* end_ = nullptr;
  bool show_personal_;
};

extern template class Writer<Scope::kBody>;
extern template class Writer<Scope::kAll>;
extern template class Writer<Scope::kMasked>;
extern template class Writer<Scope::kMaskedBody>;

}  // namespace msp::codec
