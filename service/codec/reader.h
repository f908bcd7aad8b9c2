// SPDX-License-Identifier: Apache-2.0

// The walk over a document's tokens that fills a message by its plan. It visits every value, checks
// each one by the JSON grammar, known or not, and stops for good at the first error. Internal to
// the codec.
#pragma once

#include <string_view>

#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"
#include "service/codec/decode.h"
#include "service/codec/message_schema.h"
#include "service/codec/tokens.h"

namespace msp::codec {

class Reader {
 public:
  // `everything`: fields that do not travel in a body are read as well.
  Reader(Tokens tokens, bool everything, Decoded& result)
      : tokens_(tokens), everything_(everything), result_(result) {}

  // The whole document, with a check for trailing content. False: malformed, and `result.error`
  // says why.
  bool Document(const MessageSchema& plan, google::protobuf::Message& message,
                MemberRedirection* splice);

 private:
  // What became of one value.
  enum class Outcome : std::uint8_t {
    kMalformed,
    kUnset,  // null, "" or an element to skip.
    kUnfit,  // Well-formed, but not of a shape that the field can take; the field is unset.
    kRead,
  };

  // Where the walk is; joined into a path only for a drift report.
  struct Place {
    const Place* parent = nullptr;
    std::string_view name;
  };

  // The document's top level while a member is spliced out of it.
  struct Envelope;

  // `own`: set when this object is the envelope itself. `outer`: set when it is the one spliced out
  // of it.
  bool Members(const MessageSchema& plan, google::protobuf::Message& message, const Place& place,
               Envelope* own = nullptr, Envelope* outer = nullptr);
  bool Splicing(Envelope& envelope, const Place& place);
  // A member that the spliced object's plan does not know, and the envelope's may. `message` is of
  // that object.
  bool Nested(Envelope& envelope, const MessageSchema& plan, google::protobuf::Message& message,
              const Place& place);
  // Kept in the message's `unmodelled` where it has one.
  bool Unknown(const MessageSchema& plan, google::protobuf::Message& message, const Place& place);
  // Reads a member into its field and reports what does not fit.
  bool Known(const FieldSchema& entry, google::protobuf::Message& message, const Place& place);

  Outcome Field(const FieldSchema& entry, google::protobuf::Message& message, const Place& place,
                Envelope* outer = nullptr);
  Outcome List(const FieldSchema& entry, google::protobuf::Message& message, const Place& place,
               Envelope* outer);
  Outcome One(const FieldSchema& entry, google::protobuf::Message& message, const Place& place,
              Envelope* outer);
  // An object read into what `target` makes room for, which is called only when there is one.
  template <class Target>
  Outcome Object(const MessageSchema& plan, const Place& place, Envelope* outer,
                 const Target& target);
  // kRead when an object or `[]` comes next, which is left alone; any other value is consumed.
  Outcome ObjectShape();
  Outcome Scalar(const FieldSchema& entry, google::protobuf::Message& message, const Place& place);
  Outcome FromText(const FieldSchema& entry, google::protobuf::Message& message,
                   std::string_view text);
  Outcome FromNumber(const FieldSchema& entry, google::protobuf::Message& message,
                     std::string_view text);
  Outcome FromBool(const FieldSchema& entry, google::protobuf::Message& message, bool value);

  bool StructObject(google::protobuf::Struct& object, const Place& place);
  bool StructList(google::protobuf::ListValue& list, const Place& place);
  bool StructValue(google::protobuf::Value& value, const Place& place);

  // Visits and checks one value of any kind without keeping it.
  bool Skip();
  bool SkipObject();
  bool SkipList();
  Outcome SkipUnfit() { return Skip() ? Outcome::kUnfit : Outcome::kMalformed; }

  // One token each; false and an error when it is malformed. A text that is not readable in whole
  // is reported at `place`; null for names and for what nobody keeps.
  bool String(std::string_view& text, const Place* place = nullptr) {
    if (!tokens_.String(text)) return Fail("malformed string");
    if (tokens_.HasEscape(text)) Unescape(text, place);
    return true;
  }
  void Unescape(std::string_view& text, const Place* place);
  bool Number(std::string_view& text);
  bool Atom(char& first);  // 't', 'f' or 'n'.
  bool Key(std::string_view& key, const Place* place = nullptr) {
    if (tokens_.Peek() != '"') return Fail("no name where one is expected");
    if (!String(key, place)) return false;
    if (tokens_.Peek() != ':') return Fail("no colon after a name");
    tokens_.Step();
    return true;
  }
  // Steps into an object or list; `more` tells whether anything is inside. An empty one is left at
  // once.
  bool Open(char close, bool& more);
  // After a member or an element: `more` is set by a comma, cleared by `close`, which leaves the
  // object or list.
  bool Next(char close, bool& more) {
    const char next = tokens_.Peek();
    more = next == ',';
    if (!more && next != close) return Fail("no comma or end after a value");
    tokens_.Step();
    if (!more) --depth_;
    return true;
  }

  bool Fail(const char* what);
  void Report(Drift::Kind kind, const Place& place);
  bool Reads(const FieldSchema& entry) const { return everything_ || entry.in_body; }

  Tokens tokens_;
  const bool everything_;
  bool exact_numbers_ = false;  // A Struct's numbers are kept as text.
  Decoded& result_;
  int depth_ = 0;
};

}  // namespace msp::codec
