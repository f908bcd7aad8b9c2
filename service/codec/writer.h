// The one walk that turns a message into JSON; encode.cc and redact.cc say what of it is shown.
// Internal to the codec.
#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "service/base/text.h"
#include "service/codec/plan.h"

namespace msp::codec {

enum class Scope : std::uint8_t {
  kBody,        // What MultiSafepay gets.
  kAll,         // Every set field, for the caller's own eyes.
  kMasked,      // Every set field, sensitive ones masked, for logs.
  kMaskedBody,  // What MultiSafepay would get, sensitive values masked: a dry run.
};

constexpr bool IsBody(Scope scope) { return scope == Scope::kBody || scope == Scope::kMaskedBody; }

template <Scope kScope>
class Writer {
 public:
  // `show_personal` leaves personal data unmasked; it means something for kMasked alone.
  explicit Writer(std::string& out, bool show_personal = false)
      : out_(out), show_personal_(show_personal) {}

  void Object(const Plan& plan, const google::protobuf::Message& message);

 private:
  bool Shows(const Entry& entry) const { return !IsBody(kScope) || entry.in_body; }
  bool Masks(const Entry& entry) const;
  // Writes the members with their braces; false when there were none.
  bool Members(const Plan& plan, const google::protobuf::Message& message);
  // `index` is -1 for a field that is not repeated. False: there is nothing to write.
  bool Value(const Entry& entry, const google::protobuf::Message& message, int index);
  bool List(const Entry& entry, const google::protobuf::Message& message);
  bool Text(const Entry& entry, const google::protobuf::Message& message, int index);
  // Room for what follows, without a copy left where the text grew from: bodies hold cards.
  void Reserve(std::size_t bytes) { ReserveWiping(out_, bytes + kSlackBytes); }
  bool Masked(const Entry& entry, const google::protobuf::Message& message, int index);

  // Covers a number, the name of an enum's value, and the brackets that close.
  static constexpr std::size_t kSlackBytes = 128;

  std::string& out_;
  bool show_personal_;
};

extern template class Writer<Scope::kBody>;
extern template class Writer<Scope::kAll>;
extern template class Writer<Scope::kMasked>;
extern template class Writer<Scope::kMaskedBody>;

}  // namespace msp::codec
